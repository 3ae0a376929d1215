import { checkDuration, checkName } from '../check.ts'
import { ClosedError } from '../errors.ts'
import { instanceName } from '../support/instance.ts'
import { checkOptions, optionNames } from '../option-names.ts'
import { appOf } from '../support/prefix.ts'
import type { StorageClient } from '../support/storage-client.ts'
import { acquireAll } from './acquire-all.ts'
import { startAttempt } from './attempt.ts'
import { acquisitions, lockRuns } from './events.ts'
import type { Lease } from './lease.ts'
import type { LeaseSet } from './lease-set.ts'
import { type LockHolder, lockHolders } from './lock-holder.ts'
import {
  LOCK_OPTIONS,
  type LockOptions,
  type LockSettings,
  type LockTarget,
  lockSettings,
  lockTarget,
  semaphoreTarget,
} from './options.ts'
import { processName } from './process-name.ts'
import { openRoom } from './open-room.ts'
import {
  type LockBody,
  type LockRun,
  type RunArguments,
  type RunLockOptions,
  type SkippingLockOptions,
  runLocked,
} from './run.ts'

export type TryLockOptions = Omit<LockOptions, 'waitMs'>

export interface LocksOptions extends LockOptions {
  /** Separates apps in one storage. Default `holdfast`. */
  readonly prefix?: string | undefined
  /** How this process is called in errors, events and `inspect`, for people to read. Default: host name and process id. */
  readonly instance?: string | undefined
  /**
   * How long a lock that is handed over lasts until its new holder confirms, which it does at once (also where that is
   * longer than its lease). A frozen process stops the queue once for so long. Default 3,000; 50 to 60,000.
   */
  readonly claimMs?: number | undefined
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
   * Takes it away from whoever holds it (or only from `token`), for operators: the holders' signals abort, and it goes
   * to the next in line. Returns the tokens that lost it.
   */
  revoke(...args: [...Name, options?: RevokeOptions]): Promise<readonly string[]>
}

export interface RevokeOptions {
  readonly token?: string | undefined
}

export interface LockView {
  readonly name: string
  readonly holders: readonly LockHolder[]
  readonly waiting: number
  /** The tokens of those who wait, first in line first; at most 100. */
  readonly queue: readonly string[]
}

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
  close(options?: { readonly graceMs?: number | undefined }): Promise<void>
}

/** For one of its own; the Holdfast that it belongs to has the prefix. */
export const LOCKS_OPTIONS: ReadonlySet<string> = optionNames<Omit<LocksOptions, keyof LockOptions>>(
  { prefix: true, instance: true, claimMs: true },
  LOCK_OPTIONS,
)

const REVOKE_OPTIONS = optionNames<RevokeOptions>({ token: true })
const SEMAPHORE_OPTIONS = optionNames<Parameters<Locks['semaphore']>[1]>({ permits: true })
const CLOSE_OPTIONS = optionNames<NonNullable<Parameters<Locks['close']>[0]>>({ graceMs: true })

/** Locks over calls that other features share. */
export function locksOver(calls: StorageClient, options: LocksOptions = {}): Locks {
  const { prefix = 'holdfast', instance, claimMs = 3_000, ...defaults } = options
  const app = appOf(prefix)
  const standard = lockSettings({}, defaults)
  const room = openRoom(
    calls,
    processName(calls.runtime, instanceName(instance)),
    checkDuration('claimMs', claimMs, 50, 60_000),
  )
  let closed: Promise<void> | undefined

  const assertOpen = (): void => {
    if (closed !== undefined) throw new ClosedError('Locks')
  }
  const settingsOf = (options: LockOptions | undefined): LockSettings =>
    options === undefined ? standard : lockSettings(options, defaults)

  // All of it in the executor of one promise: what is refused rejects, and nothing lies between a grant and its caller.
  const attemptNow = <R = Lease>(
    targetOf: () => LockTarget,
    settings: () => LockSettings,
    skip?: (holders: readonly LockHolder[]) => R,
  ): Promise<R | Lease> =>
    new Promise((resolve, reject) => {
      const target = targetOf()
      assertOpen()
      startAttempt(room, {
        target,
        settings: settings(),
        resolve,
        reject,
        skip: skip && ((holders) => resolve(skip(holders))),
      })
    })
  const traced: typeof attemptNow = async (targetOf, settings, skip) => {
    const target = targetOf()
    return await acquisitions.trace({ name: target.name }, () => attemptNow(() => target, settings, skip))
  }
  const attempt: typeof attemptNow = (targetOf, settings, skip) =>
    (acquisitions.traced ? traced : attemptNow)(targetOf, settings, skip)
  const acquire = (targetOf: () => LockTarget, options: LockOptions | undefined): Promise<Lease> =>
    attempt(targetOf, () => settingsOf(options))
  const tryAcquire = (
    targetOf: () => LockTarget,
    options: TryLockOptions | undefined,
  ): Promise<Lease | null> =>
    attempt(
      targetOf,
      () => ({ ...settingsOf(options), waitMs: 0, outlivesOwners: false }),
      () => null,
    )
  const run = <T>(targetOf: () => LockTarget, args: RunArguments<T>): Promise<T | LockRun<T>> => {
    const target = targetOf()
    const runNow = (): Promise<T | LockRun<T>> =>
      runLocked(args, (options, skips) =>
        attempt<Lease | readonly LockHolder[]>(
          () => target,
          () => settingsOf(options),
          skips ? (holders) => holders : undefined,
        ),
      )
    return lockRuns.traced ? lockRuns.trace({ name: target.name }, runNow) : runNow()
  }
  const inspect = async ({ key, name }: LockTarget): Promise<LockView> => {
    assertOpen()
    const { reply } = await calls.call(() => room.leases.inspect(key))
    const { holders, waiting, queue, now } = reply
    return { name, holders: lockHolders(holders, now), waiting, queue }
  }
  const revoke = async ({ key }: LockTarget, options: RevokeOptions): Promise<readonly string[]> => {
    assertOpen()
    const { token } = checkOptions(options, REVOKE_OPTIONS)
    const request = {
      claimMs: room.claimMs,
      ...(token === undefined ? {} : { token: checkName('token', token) }),
    }
    const { reply } = await calls.call(() => room.leases.revoke(key, request))
    room.lookAfter(key, reply)
    // A holder in this process knows it when this resolves, whatever becomes of the push.
    for (const { owner } of room.held.all) if (reply.revoked.includes(owner.token)) owner.lose('revoked')
    return reply.revoked
  }
  const close = async (graceMs: number): Promise<void> => {
    const error = new ClosedError('Locks')
    for (const waiting of room.waiting.all) waiting.closing(error)
    await room.close(error, graceMs)
  }

  return {
    acquire: (name, options) => acquire(() => lockTarget(app, name), options),
    tryAcquire: (name, options) => tryAcquire(() => lockTarget(app, name), options),
    run: (async <T>(name: string, ...args: RunArguments<T>) =>
      run(() => lockTarget(app, name), args)) as Locks['run'],
    inspect: async (name) => inspect(lockTarget(app, name)),
    revoke: async (name, options = {}) => revoke(lockTarget(app, name), options),
    async acquireAll(names, options) {
      const settings = settingsOf(options)
      const { runtime } = calls
      return await acquireAll(app, names, settings.waitMs, runtime, (target, waitMs) =>
        attempt(
          () => target,
          () => ({ ...settings, waitMs }),
        ),
      )
    },
    semaphore: (name, options) => {
      const { permits } = checkOptions(options, SEMAPHORE_OPTIONS)
      const target = semaphoreTarget(app, name, permits)
      return {
        name,
        permits,
        acquire: (options) => acquire(() => target, options),
        tryAcquire: (options) => tryAcquire(() => target, options),
        run: (async <T>(...args: RunArguments<T>) => run(() => target, args)) as Semaphore['run'],
        inspect: () => inspect(target),
        revoke: (options = {}) => revoke(target, options),
      }
    },
    async close(how = {}) {
      const { graceMs = 0 } = checkOptions(how, CLOSE_OPTIONS)
      checkDuration('graceMs', graceMs, 0)
      await (closed ??= close(graceMs))
    },
  }
}
