import { ClosedError, InvalidArgumentError } from '../errors.ts'
import { type CallChain, callChain } from '../support/call-chain.ts'
import type { Identity } from '../support/instance.ts'
import type { LeaseHost } from '../storage/storage.ts'
import type { StorageClient } from '../support/storage-client.ts'
import { checkName } from '../support/checks.ts'
import { CLOSE, type CloseOptions } from '../support/close-options.ts'
import { type OptionTable, integer, resolveOptions } from '../support/option-table.ts'
import { acquireAll } from './acquire-all.ts'
import type { RequestMode } from './acquire-call.ts'
import { AcquireRequest } from './acquire-request.ts'
import { LockAbortedError, selfDeadlock } from './errors.ts'
import { acquisitions, lockRuns } from './events.ts'
import { type HeldLease, holdsAround } from './held-lease.ts'
import type { Lease } from './lease.ts'
import type { LeaseSet } from './lease-set.ts'
import { type LockHolder, lockHolders } from './lock-holder.ts'
import {
  type LockOptions,
  type LockSettings,
  LockTarget,
  MOST_PERMITS,
  type ResolvedLocks,
  lockSettings,
  lockTarget,
  semaphoreTarget,
  waits,
} from './options.ts'
import { processName } from './process-name.ts'
import { LockContext } from './lock-context.ts'
import {
  type LockBody,
  type LockRun,
  type RunArguments,
  type RunLockOptions,
  type SkippingLockOptions,
  runLocked,
} from './run.ts'

/** `tryAcquire` does not wait: a `waitMs` would be a mistake. */
export interface TryLockOptions extends Omit<LockOptions, 'waitMs'> {
  readonly waitMs?: undefined
}

/** What can be acquired: a lock, or a permit of a semaphore. */
export interface Lockable<Name extends readonly unknown[]> {
  /**
   * Waits in line for a lease. Throws `LockTimeoutError` when it was held by others for all of `waitMs`,
   * `LockAbortedError` when the signal was aborted, `StorageUnavailableError` when the storage cannot be reached; no
   * lease and no place in the queue is left behind.
   */
  acquire(...args: [...Name, options?: LockOptions]): Promise<Lease>
  /** One command: a lease, or null when it is held by others (or others wait for it already). */
  tryAcquire(...args: [...Name, options?: TryLockOptions]): Promise<Lease | null>
  /**
   * Holds a lease while `body` runs, and resolves or rejects as the body does, also when the lease was lost meanwhile:
   * watch `lease.signal`. Waiting inside for what is held outside throws `SelfDeadlockError` at once. With
   * `whenHeld: 'skip'` it resolves to what became of it: {@link LockRun}.
   */
  run<T>(...args: [...Name, body: LockBody<T>]): Promise<T>
  run<T>(...args: [...Name, options: SkippingLockOptions, body: LockBody<T>]): Promise<LockRun<T>>
  run<T>(...args: [...Name, options: RunLockOptions, body: LockBody<T>]): Promise<T>
  /** Who holds and how many wait. */
  inspect(...args: Name): Promise<LockView>
  /**
   * Takes the lock away from its holders (or only from `token`), for operators: the holders' signals abort, and it goes
   * to the next in line. Returns the tokens that lost it.
   */
  revoke(...args: [...Name, options?: RevokeOptions]): Promise<readonly string[]>
}

/** Whose lease is revoked. */
export interface RevokeOptions {
  /** The holder's, from `inspect`. Default: every holder's. */
  readonly token?: string | undefined
}

/** Who holds a lock or a semaphore, and who waits, as `inspect` found it. */
export interface LockView {
  readonly name: string
  readonly holders: readonly LockHolder[]
  readonly waiting: number
  /** The tokens of those who wait, first in line first; at most 100. */
  readonly queue: readonly string[]
}

/** A lock that up to `permits` callers hold at a time. */
export type Semaphore = Lockable<[]> & { readonly name: string; readonly permits: number }

/**
 * Locks that many processes share. First come, first served among connected waiters; a lock that is released is handed
 * directly to the next in line. All are leases: see {@link Lease}.
 */
export interface Locks extends Lockable<[name: string]> {
  /**
   * All of the locks, or none: they are taken in one global order, so that two such calls cannot block each other.
   * `waitMs` is for all together.
   */
  acquireAll(names: readonly string[], options?: LockOptions): Promise<LeaseSet>
  /**
   * Up to `permits` leases at a time (1 to 1,000). A semaphore and a lock of the same name have nothing to do with each
   * other. All who use a name must agree on `permits`.
   */
  semaphore(name: string, options: { readonly permits: number }): Semaphore
  /**
   * Refuses new calls, ends waiting ones with `LockAbortedError`, aborts the signals of held leases, and waits up to
   * `graceMs` (default 0) for their holders to release them. What is still held then is no longer renewed and is left
   * to its lease. Nothing of this instance remains afterwards: no timer, no subscription.
   */
  close(options?: CloseOptions): Promise<void>
}

/**
 * `npm run docs:examples` reads this table.
 * @public
 */
export const REVOKE: OptionTable<RevokeOptions, 'token'> = { token: [checkName, undefined] }
const SEMAPHORE: OptionTable<Parameters<Locks['semaphore']>[1]> = { permits: [integer(1, MOST_PERMITS)] }

/** `tryAcquire`: it does not wait, and it is no error that others hold the lock. */
const TRY: RequestMode<null> = { override: { waitMs: 0, outlivesOwners: false }, whenHeld: () => null }

/** Locks over calls that other features share; `identity` is the instance's. */
export function locksOver(
  calls: StorageClient<LeaseHost>,
  { claimMs, ...defaults }: ResolvedLocks,
  { app, instance }: Identity,
  targetOfName = (name: string): LockTarget => lockTarget(app, name),
): Locks {
  const standard = lockSettings({}, defaults)
  const context = new LockContext(calls, processName(calls.runtime, instance), claimMs)
  let closed: Promise<void> | undefined

  const assertOpen = (): void => {
    if (closed !== undefined) throw new ClosedError()
  }
  let lastTarget: LockTarget | undefined
  /** A semaphore has its target. Of locks the last one is kept: those who wait for one name share it. */
  const targetOf = (lock: LockTarget | string): LockTarget => {
    if (lock instanceof LockTarget) return lock
    if (lastTarget === undefined || lastTarget.name !== lock) lastTarget = targetOfName(lock)
    return lastTarget
  }
  const settingsOf = (options: LockOptions | undefined): LockSettings =>
    options === undefined ? standard : lockSettings(options, defaults)

  // All of it in the executor of one promise: what is refused rejects, and nothing lies between a grant and its caller.
  const request = <R = never>(
    lock: LockTarget | string,
    options: LockOptions | undefined,
    mode: RequestMode<R> = {},
  ): Promise<R | Lease> =>
    new Promise((resolve, reject) => {
      const target = targetOf(lock)
      const { override, whenHeld } = mode
      assertOpen()
      if (mode === TRY) refuseWaiting(options)
      const checked = settingsOf(options)
      const settings = override === undefined ? checked : { ...checked, ...override }
      const skip = whenHeld && ((holders: readonly LockHolder[]): void => resolve(whenHeld(holders)))
      const chain = callChain()
      refuseAtOnce(target, settings, context.process, chain)
      new AcquireRequest(context, { target, settings, resolve, reject, skip }, chain).start()
    })
  const traced: typeof request = async (lock, options, mode) => {
    const target = targetOf(lock)
    return await acquisitions.trace({ name: target.name }, () => request(target, options, mode))
  }
  const acquire: typeof request = (lock, options, mode) =>
    acquisitions.traced ? traced(lock, options, mode) : request(lock, options, mode)
  const tracedRun = async <T>(lock: LockTarget | string, args: RunArguments<T>): Promise<T | LockRun<T>> => {
    const target = targetOf(lock)
    return await lockRuns.trace({ name: target.name }, () => runLocked(target, args, acquire))
  }
  const run = <T>(lock: LockTarget | string, args: RunArguments<T>): Promise<T | LockRun<T>> =>
    lockRuns.traced ? tracedRun(lock, args) : runLocked(lock, args, acquire)
  const inspect = async (lock: LockTarget | string): Promise<LockView> => {
    const { key, name } = targetOf(lock)
    assertOpen()
    const { reply } = await calls.call(() => context.leases.inspect(key))
    const { holders, waiting, queue, now } = reply
    return { name, holders: lockHolders(holders, now), waiting, queue }
  }
  const revoke = async (
    lock: LockTarget | string,
    options: RevokeOptions = {},
  ): Promise<readonly string[]> => {
    const { key } = targetOf(lock)
    assertOpen()
    const { token } = resolveOptions(REVOKE, options)
    const request = { claimMs, ...(token === undefined ? {} : { token }) }
    const { reply } = await calls.call(() => context.leases.revoke(key, request))
    context.scheduleReap(key, reply.pendingHandOffMs)
    // A holder in this process knows it when this resolves, no matter what becomes of the push.
    for (const { owner } of context.held.all) if (reply.revoked.includes(owner.token)) owner.lose('revoked')
    return reply.revoked
  }

  return {
    acquire: (name, options) => acquire(name, options),
    tryAcquire: (name, options) => acquire(name, options, TRY),
    run: (<T>(name: string, ...args: RunArguments<T>) => run(name, args)) as Locks['run'],
    inspect,
    revoke,
    async acquireAll(names, options) {
      const { waitMs } = settingsOf(options)
      return await acquireAll(app, names, waitMs, calls.runtime, (target, leftMs) =>
        acquire(target, options, { override: { waitMs: leftMs } }),
      )
    },
    semaphore(name, options) {
      const { permits } = resolveOptions(SEMAPHORE, options)
      const target = semaphoreTarget(app, name, permits)
      return {
        name,
        permits,
        acquire: (options) => acquire(target, options),
        tryAcquire: (options) => acquire(target, options, TRY),
        run: (<T>(...args: RunArguments<T>) => run(target, args)) as Semaphore['run'],
        inspect: () => inspect(target),
        revoke: (options) => revoke(target, options),
      }
    },
    async close(how = {}) {
      const { graceMs } = resolveOptions(CLOSE, how)
      await (closed ??= context.close(new ClosedError(), graceMs))
    },
  }
}

function refuseWaiting(options: LockOptions | undefined): void {
  if (options?.waitMs === undefined) return
  throw new InvalidArgumentError('tryAcquire never waits, so it takes no waitMs; use acquire to wait.')
}

/** Throws what need not be asked of the storage. */
function refuseAtOnce(
  target: LockTarget,
  settings: LockSettings,
  process: string,
  chain: CallChain | undefined,
): void {
  const { signal } = settings
  if (signal?.aborted) throw new LockAbortedError(target.name, 0, { cause: signal.reason })
  if (chain === undefined || !waits(settings) || target.permits > 1) return
  const isOurs = ({ key, token }: HeldLease): boolean => key === target.key && token.startsWith(`${process}.`)
  if (holdsAround(chain, isOurs)) throw selfDeadlock(target.name)
}
