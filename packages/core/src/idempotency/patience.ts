import type { StorageClient } from '../support/storage-client.ts'
import type { RecordKey } from '../storage/records.ts'
import { marginMs } from '../lease-deadline.ts'
import { leaseRemaining } from './decide.ts'
import { type Observations, observeUntil } from './observation.ts'
import { type StoredState, currentOf } from './record.ts'

/** How long a wait lasts when the caller does not say. */
const DEFAULT_WAIT_MS = 30_000

/**
 * How long a caller waits for an execution. A time that was asked for is kept to. The default one outlives an owner that
 * has died: when it is over, the caller stays until the lease that is stored then has ended. If that lease is renewed
 * meanwhile, or somebody else takes over, an owner lives, and the wait is over.
 */
export class Patience {
  readonly #calls: StorageClient
  readonly #isDefault: boolean
  #until: number
  /** The execution whose lease is waited for after the time was over, and when that ends, on the storage's clock. */
  #last: { readonly executionId: string; readonly leaseEndsAt: number } | undefined

  /** Without `waitMs`, the default. */
  constructor(calls: StorageClient, waitMs: number | undefined) {
    this.#calls = calls
    this.#isDefault = waitMs === undefined
    this.#until = calls.runtime.monotonicNow() + (waitMs ?? DEFAULT_WAIT_MS)
  }

  leftMs(): number {
    return Math.max(0, this.#until - this.#calls.runtime.monotonicNow())
  }

  /** The time is over, and `view` was read since: true when there is a lease whose end is to be waited for. */
  stays({ current, now }: StoredState): boolean {
    if (!this.#isDefault || this.#last !== undefined || current?.record.status !== 'executing') return false
    const { record, writtenAt } = current
    const remainingMs = leaseRemaining(record, current, now)
    if (remainingMs === 0) return false
    this.#last = { executionId: record.executionId, leaseEndsAt: writtenAt + record.leaseMs }
    this.#until = this.#calls.runtime.monotonicNow() + remainingMs + marginMs(remainingMs)
    return true
  }

  /** The time is over, and an owner has shown that it lives. */
  endsWith({ current }: StoredState): boolean {
    if (this.#last === undefined || current?.record.status !== 'executing') return false
    const { record, writtenAt } = current
    const { executionId, leaseEndsAt } = this.#last
    return record.executionId !== executionId || writtenAt + record.leaseMs > leaseEndsAt
  }
}

export interface PatientWait {
  readonly patience: Patience
  readonly signal?: AbortSignal | undefined
  /** What the caller knows already. */
  readonly seen?: StoredState
  /** What this process knows without asking. */
  readonly known?: () => StoredState | undefined
}

/**
 * Waits until `isDone` says so of a state, or until there is no patience left: `isLate` then, and the state was asked for
 * since, because what was heard last may be old: in an outage it is not known whether the job still runs.
 */
export async function waitPatiently(
  observations: Observations,
  calls: StorageClient,
  key: RecordKey,
  isDone: (view: StoredState) => boolean,
  { patience, signal, seen, known }: PatientWait,
): Promise<'aborted' | { readonly view: StoredState; readonly isLate: boolean }> {
  let latest = seen
  for (;;) {
    const isOver = (view: StoredState): boolean => isDone(view) || patience.endsWith(view)
    const limits = { waitMs: patience.leftMs(), signal, ...(latest === undefined ? {} : { seen: latest }) }
    const heard = await observeUntil(observations, calls, key, isOver, limits)
    if (heard === 'aborted') return heard
    if (heard !== 'timeout') return { view: heard, isLate: patience.endsWith(heard) }
    const own = known?.()
    const view = own ?? (await readView(calls, key))
    // An owner in this process lives.
    if (own !== undefined || !patience.stays(view)) return { view, isLate: true }
    latest = view
  }
}

export async function readView(calls: StorageClient, key: RecordKey): Promise<StoredState> {
  const { reply } = await calls.call(() => calls.storage.records.read(key))
  return { current: currentOf(reply.entry), now: reply.now }
}
