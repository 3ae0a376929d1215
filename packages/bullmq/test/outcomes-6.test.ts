import { outcomeCases } from './outcomes/cases.ts'

outcomeCases('6')
