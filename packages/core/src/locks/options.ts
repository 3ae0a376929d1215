import { checkName, checkSignal, refuse } from '../support/checks.ts'
import {
  type OptionTable,
  type Resolved,
  duration,
  integer,
  nested,
  resolveOptions,
} from '../support/option-table.ts'

/** Shortest lease: below it, the margin for clocks and one round trip leave no time to work in. */
const SHORTEST_LEASE_MS = 50
/** Most permits of a semaphore: its holders are looked through at every step. */
export const MOST_PERMITS = 1_000

/** When a lease counts as granted: with the primary's word, or once `replicas` of its replicas have it too. */
export type LockDurability =
  | 'primary'
  | { readonly replicas: number; readonly timeoutMs?: number | undefined }

/** How a call takes a lock, and keeps it. */
export interface LockOptions {
  /**
   * How long the lease lasts without renewal, so how long a crashed holder blocks the others: 50 ms to 1,000 days. A
   * living holder renews it every third of that.
   * @default 30_000
   */
  readonly leaseMs?: number | undefined
  /**
   * How long to wait for the lock, counted from the call: 0 or more, `Infinity` allowed. A `waitMs` that you pass is an
   * exact limit, but for a command that is in flight at its end. By default a wait behind a living owner ends at the
   * owner's next renewal after 10 s, with `LockTimeoutError`: after 10 to about 20 s with a lease of 30 s. A lock that is
   * released before that goes to the next in line. A wait behind an owner that has died goes on until the lease has ended:
   * 10 s, the rest of one lease, `claimMs` and a second at most.
   * @default 10 s, and longer behind an owner that may have died
   */
  readonly waitMs?: number | undefined
  /** Ends the waiting with `LockAbortedError`. It does not touch a lease that was granted. */
  readonly signal?: AbortSignal | undefined
  /**
   * Longest time to hold: renewal stops, and the signal is aborted, in time for the lease to end then.
   * @default Infinity
   */
  readonly maxHoldMs?: number | undefined
  /**
   * When a grant or a renewal counts: with the word of the primary, or, with `{ replicas: n, timeoutMs }`, once n replicas
   * confirmed it within `timeoutMs` (1 s unless given). Then the lease survives a failover to any of them.
   * @default 'primary'
   */
  readonly durability?: LockDurability | undefined
}

/** The options of an instance's locks. */
export interface LocksOptions extends LockOptions {
  /**
   * A new holder must confirm a hand-over within this time, which it does at once. A frozen process can therefore delay
   * the queue by at most this long, once. 50 to 60,000.
   * @default 3_000
   */
  readonly claimMs?: number | undefined
}

const DURABILITY: OptionTable<Exclude<LockDurability, 'primary'>> = {
  replicas: [integer(1, 1_000)],
  timeoutMs: [duration(1, 60_000), 1_000],
}

const LOCK: OptionTable<LockOptions, 'waitMs' | 'signal'> = {
  leaseMs: [duration(SHORTEST_LEASE_MS), 30_000],
  waitMs: [duration(0, Infinity), undefined],
  signal: [checkSignal, undefined],
  maxHoldMs: [duration(SHORTEST_LEASE_MS, Infinity), Infinity],
  durability: [checkDurability, 'primary'],
}

export const LOCKS: OptionTable<LocksOptions, 'waitMs' | 'signal'> = {
  ...LOCK,
  claimMs: [duration(50, 60_000), 3_000],
}

const DEFAULT_WAIT_MS = 10_000

type ResolvedLock = Resolved<LockOptions, 'waitMs' | 'signal'>
export type ResolvedLocks = Resolved<LocksOptions, 'waitMs' | 'signal'>

/** {@link LockOptions}, checked and complete. */
export interface LockSettings extends Pick<ResolvedLock, 'leaseMs' | 'signal' | 'maxHoldMs'> {
  /** How long a grant lasts without renewal: the lease, or all the time that it may be held. */
  readonly grantMs: number
  readonly waitMs: number
  /** Neither the call nor the instance has a `waitMs`: then a waiter stays longer for an owner that may have died. */
  readonly outlivesOwners: boolean
  readonly durability: { readonly replicas: number; readonly timeoutMs: number } | undefined
}

/** The settings of a call over the defaults of its instance. */
export function lockSettings(options: LockOptions, defaults: ResolvedLock): LockSettings {
  const { leaseMs, waitMs, signal, maxHoldMs, durability } = resolveOptions(LOCK, options, defaults)
  return {
    leaseMs,
    waitMs: waitMs ?? DEFAULT_WAIT_MS,
    outlivesOwners: waitMs === undefined,
    signal,
    maxHoldMs,
    grantMs: Math.min(leaseMs, maxHoldMs),
    durability: durability === 'primary' ? undefined : (durability as LockSettings['durability']),
  }
}

/** Whether a lock that is held is waited for. */
export function waits({ waitMs, outlivesOwners }: LockSettings): boolean {
  return waitMs > 0 || outlivesOwners
}

function checkDurability(name: string, value: LockDurability): LockDurability {
  if (typeof value === 'string' && value !== 'primary')
    return refuse(name, value, "'primary' or { replicas: n, timeoutMs }")
  return value === 'primary' ? value : nested(DURABILITY)(name, value)
}

/** What a lease is for: `key` is where it lies in the storage, `name` is what the caller calls it. */
export class LockTarget {
  readonly key: string
  readonly name: string
  readonly permits: number

  constructor(key: string, name: string, permits: number) {
    this.key = key
    this.name = name
    this.permits = permits
  }
}

/** What the key of a lease is for; undefined for one that core did not make. */
export function lockOf(
  app: string,
  key: string,
): { readonly kind: 'lock' | 'semaphore'; readonly name: string } | undefined {
  for (const kind of ['lock', 'semaphore'] as const) {
    const before = `${app}:${kind}:`
    if (key.startsWith(before)) return { kind, name: key.slice(before.length) }
  }
  return undefined
}

export function lockTarget(app: string, name: string): LockTarget {
  return new LockTarget(`${app}:lock:${checkName('name', name)}`, name, 1)
}

export function semaphoreTarget(app: string, name: string, permits: number): LockTarget {
  return new LockTarget(`${app}:semaphore:${checkName('name', name)}`, name, permits)
}
