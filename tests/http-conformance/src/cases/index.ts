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
import { workCases } from './work.ts'

/** By number; H57, H58 and H69 are about the storage as well. */
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
  ...workCases,
]
