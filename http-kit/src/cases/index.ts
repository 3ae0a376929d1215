import type { HttpCase } from '../case.ts'
import { bodyCases } from './bodies.ts'
import { concurrencyCases } from './concurrency.ts'
import { crashCases } from './crash.ts'
import { failureCases } from './failure.ts'
import { keyCases } from './key.ts'
import { mismatchCases } from './mismatch.ts'
import { replayCases } from './replay.ts'
import { storageCases } from './storage.ts'
import { surroundingCases } from './surroundings.ts'

/** H1 to H68, in this order. */
export const httpCases: readonly HttpCase[] = [
  ...keyCases,
  ...replayCases,
  ...mismatchCases,
  ...concurrencyCases,
  ...failureCases,
  ...crashCases,
  ...storageCases,
  ...bodyCases,
  ...surroundingCases,
]
