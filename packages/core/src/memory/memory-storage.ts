import { endedWithLastUser } from '../storage/ended-with-last-user.ts'
import type { Storage } from '../storage/storage.ts'
import { checkFunction } from '../support/checks.ts'
import { type OptionTable, resolveOptions } from '../support/option-table.ts'
import { memoryLeases } from './memory-leases.ts'
import { memoryRecords } from './memory-records.ts'
import { memoryValues } from './memory-values.ts'

export interface MemoryStorageOptions {
  /**
   * The storage's clock: milliseconds since the epoch, fractions welcome.
   * @default this machine's clock
   */
  readonly now?: (() => number) | undefined
}

/**
 * `npm run docs:examples` reads this table.
 * @public
 */
export const MEMORY: OptionTable<MemoryStorageOptions> = { now: [checkFunction, systemNow] }

/**
 * Keeps everything in this process's memory: the embedded default, with the same contract as the others. What two
 * Holdfasts in one process are to share they share through one memory storage.
 */
export function memoryStorage(options: MemoryStorageOptions = {}): Storage {
  const { now } = resolveOptions(MEMORY, options)
  return {
    records: memoryRecords(() => Math.floor(now() * 1_000)),
    leases: memoryLeases(now),
    values: memoryValues(now),
    connection: { state: 'ready', onChange: () => () => undefined },
    time: async () => Math.floor(now()),
    verify: async () => [],
    // It opened nothing.
    ...endedWithLastUser(() => undefined),
  }
}

/** With microseconds, which fencing tokens are made of. */
function systemNow(): number {
  return performance.timeOrigin + performance.now()
}
