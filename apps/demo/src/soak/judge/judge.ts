import type { DatabaseSync } from 'node:sqlite'
import { nothingStale } from './cache.ts'
import { chargedOnce, savedOnce } from './effects.ts'
import { everythingCloses, nothingCrashed } from './instances.ts'
import type { Invariant, Judged } from './invariant.ts'
import { noLockTwice } from './locks.ts'
import { nothingLost, nothingStuck } from './orders.ts'

const INVARIANTS: readonly Invariant[] = [
  chargedOnce,
  savedOnce,
  nothingLost,
  nothingStuck,
  noLockTwice,
  nothingStale,
  everythingCloses,
  nothingCrashed,
]

/** Looks at nothing but the rows. */
export function judge(database: DatabaseSync): readonly Judged[] {
  return INVARIANTS.map((invariant) => invariant(database))
}
