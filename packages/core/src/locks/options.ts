import { checkDuration, checkInteger, checkName } from '../check.ts'
import { InvalidArgumentError } from '../errors.ts'
import { checkOptions, optionNames } from '../option-names.ts'

/** Shortest lease: below it, the margin for clocks and one round trip leave no time to work in. */
const SHORTEST_LEASE_MS = 50
/** Most permits of a semaphore: its holders are looked through at every step. */
const MOST_PERMITS = 1_000

/** When a lease counts as granted: with the primary's word, or once `replicas` of its replicas have it too. */
export type LockDurability =
  | 'primary'
  | { readonly replicas: number; readonly timeoutMs?: number | undefined }

export interface LockOptions {
  /**
   * How long the lease lasts without renewal, so how long a crashed holder blocks the others: 50 ms to 1,000 days,
   * default 30,000. A living holder's lease is renewed every third of it.
   */
  readonly leaseMs?: number | undefined
  /**
   * How long to wait for the lock: 0 or more, `Infinity` allowed. Counted from the call; one command that is under way
   * when it is over is still waited for. Default 10,000, and longer where the owner may have died: when the default is
   * over, the waiter looks who holds the lock, and stays until that lease has run out, and a moment more for those who
   * came first. It gives up at once when the lease is renewed or released meanwhile: the owner lives. (So it waits 10 s,
   * the rest of one lease, `claimMs` and a second at most.)
   */
  readonly waitMs?: number | undefined
  /** Ends the waiting with `LockAbortedError`. It does not touch a lease that was granted. */
  readonly signal?: AbortSignal | undefined
  /** Longest time to hold: renewal stops in time for the lease to end then. Default: no limit. */
  readonly maxHoldMs?: number | undefined
  /**
   * Default `'primary'`. With `{ replicas: n }` grants and renewals count only when n replicas confirmed them
   * (within `timeoutMs`, default 1,000): the lease survives a failover to any of them.
   */
  readonly durability?: LockDurability | undefined
}

/** {@link LockOptions}, checked and complete. */
export interface LockSettings {
  readonly leaseMs: number
  /** How long a grant lasts without renewal: the lease, or all the time that it may be held. */
  readonly grantMs: number
  readonly waitMs: number
  /** Neither the call nor the instance has a `waitMs`: then a waiter stays longer for an owner that may have died. */
  readonly outlivesOwners: boolean
  readonly signal: AbortSignal | undefined
  readonly maxHoldMs: number
  readonly durability: { readonly replicas: number; readonly timeoutMs: number } | undefined
}

export const LOCK_OPTIONS: ReadonlySet<string> = optionNames<LockOptions>({
  leaseMs: true,
  waitMs: true,
  signal: true,
  maxHoldMs: true,
  durability: true,
})

const DURABILITY = optionNames<Exclude<LockDurability, 'primary'>>({ replicas: true, timeoutMs: true })

export function lockSettings(options: LockOptions, defaults: LockOptions): LockSettings {
  checkOptions(options, LOCK_OPTIONS)
  const {
    leaseMs = defaults.leaseMs ?? 30_000,
    waitMs = defaults.waitMs ?? 10_000,
    maxHoldMs = defaults.maxHoldMs ?? Infinity,
    durability = defaults.durability ?? 'primary',
    signal = defaults.signal,
  } = options
  const checked = {
    leaseMs: checkDuration('leaseMs', leaseMs, SHORTEST_LEASE_MS),
    waitMs: waitMs === Infinity ? waitMs : checkDuration('waitMs', waitMs, 0),
    maxHoldMs: maxHoldMs === Infinity ? maxHoldMs : checkDuration('maxHoldMs', maxHoldMs, SHORTEST_LEASE_MS),
    signal,
    durability: replication(durability),
  }
  const outlivesOwners = options.waitMs === undefined && defaults.waitMs === undefined
  return { ...checked, outlivesOwners, grantMs: Math.min(checked.leaseMs, checked.maxHoldMs) }
}

/** Whether a lock that is held is waited for. */
export function waits({ waitMs, outlivesOwners }: LockSettings): boolean {
  return waitMs > 0 || outlivesOwners
}

function replication(durability: LockDurability): LockSettings['durability'] {
  if (durability === 'primary') return undefined
  if (typeof durability !== 'object' || durability === null) {
    throw new InvalidArgumentError(`durability must be 'primary' or { replicas: n }.`)
  }
  checkOptions(durability, DURABILITY)
  return {
    replicas: checkInteger('durability.replicas', durability.replicas, 1, 1_000),
    timeoutMs: checkDuration('durability.timeoutMs', durability.timeoutMs ?? 1_000, 1, 60_000),
  }
}

/** What a lease is for: `key` is where it lies in the storage, `name` is what the caller calls it. */
export interface LockTarget {
  readonly key: string
  readonly name: string
  readonly permits: number
}

export function lockTarget(app: string, name: string): LockTarget {
  return { key: `${app}:lock:${checkName('A lock name', name)}`, name, permits: 1 }
}

export function semaphoreTarget(app: string, name: string, permits: number): LockTarget {
  checkInteger('permits', permits, 1, MOST_PERMITS)
  return { key: `${app}:semaphore:${checkName('A semaphore name', name)}`, name, permits }
}
