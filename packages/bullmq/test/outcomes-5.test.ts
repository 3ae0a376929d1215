import { vi } from 'vitest'
import { outcomeCases } from './outcomes/cases.ts'

vi.mock('bullmq', () => import('bullmq5'))

outcomeCases('5')
