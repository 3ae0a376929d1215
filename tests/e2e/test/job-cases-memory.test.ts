import { afterAll, beforeAll, describe, it } from 'vitest'
import { jobCases } from '../src/job-cases/job-cases.ts'
import { memoryWorld } from '../src/job-world.ts'

jobCases({ describe: describe.concurrent, it, beforeAll, afterAll }, async () => memoryWorld())
