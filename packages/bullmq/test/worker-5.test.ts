import { vi } from 'vitest'
import { workerCases } from './cases.ts'

vi.mock('bullmq', () => import('bullmq5'))

workerCases('5')
