import { checkFunction } from '../check.ts'
import { checkOptions, optionNames } from '../option-names.ts'
import { endedWithLastUser } from '../storage/ended-with-last-user.ts'
import type { Storage } from '../storage/storage.ts'
import { memoryLeases } from './memory-leases.ts'
import { memoryRecords } from './memory-records.ts'
import { memoryValues } from './memory-values.ts'

export interface MemoryStorageOptions {
  /** The storage's clock: milliseconds since the epoch, fractions welcome. Default: this machine's clock. */
  readonly now?: (() => number) | undefined
}

const MEMORY_OPTIONS = optionNames<MemoryStorageOptions>({ now: true })

/**
 * Keeps everything in this process's memory: the embedded default, with the same contract as the others. What two
 * Holdfasts in one process are to share they share through one memory storage.
 */
export function memoryStorage(options: MemoryStorageOptions = {}): Storage {
  const { now = systemNow } = checkOptions(options, MEMORY_OPTIONS)
  checkFunction('now', now)
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
