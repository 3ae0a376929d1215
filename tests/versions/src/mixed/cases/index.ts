import type { MixedCase } from '../deploy.ts'
import { cacheCases } from './cache.ts'
import { httpCases } from './http.ts'
import { jobCases } from './jobs.ts'
import { lockCases } from './locks.ts'

/** What must hold between two versions, whichever acts first. */
export const mixedCases: Readonly<Record<string, readonly MixedCase[]>> = {
  jobs: jobCases,
  locks: lockCases,
  cache: cacheCases,
  http: httpCases,
}
