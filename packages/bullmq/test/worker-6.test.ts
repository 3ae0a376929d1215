import { workerCases } from './cases.ts'

workerCases('6')
