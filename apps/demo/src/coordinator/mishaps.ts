import type { ExecutionSnapshot } from '@holdfast/core'
import { freezeAtRest } from '../instances/freeze-at-rest.ts'
import type { Instance } from '../instances/instance.ts'
import type { Store } from '../store/store.ts'
import type { Bank } from './bank.ts'
import type { Fleet } from './fleet.ts'

/** The job to which it happens. */
export const VICTIM = 'ai-review'

const KILL_AT_PERCENT = 50
const OUTAGE_AT_PERCENT = 40

/** What was done on purpose while the jobs ran. */
export type Happening =
  | { readonly kind: 'killed'; readonly instance: string; readonly percent: number }
  | { readonly kind: 'frozen'; readonly instance: string }
  | { readonly kind: 'outage'; readonly ms: number }

/** Something that goes wrong on purpose while the jobs run. */
export interface Mishap {
  /** Sees each state of the victim. */
  onSnapshot(snapshot: ExecutionSnapshot): void
  /** Resolves when an instance falls silent that will not end. */
  readonly silence: Promise<void>
  /** All jobs have ended: puts right what is still wrong. */
  repair(): Promise<void>
  happened(): Happening | undefined
}

/** What a mishap has to work with. */
export interface Scene {
  readonly fleet: Fleet
  readonly bank: Bank
  readonly store: Store
  readonly signal: AbortSignal
  /** Says something about the victim that stays on the screen. */
  note(text: string): void
  /** Delivers to all others what this instance has not finished. */
  redeliver(silent: Instance): void
  /** Starts every job on every instance, and resolves when each start has its answer. */
  startAll(): Promise<unknown>
}

export const MISHAPS = { plain: nothing, crash: killing, freeze: freezing, outage: outage } as const

const NEVER = new Promise<never>(() => undefined)

function nothing(): Mishap {
  return { onSnapshot() {}, silence: NEVER, async repair() {}, happened: () => undefined }
}

/** SIGKILL in the middle of the victim. */
function killing({ fleet, note }: Scene): Mishap {
  let happened: Happening | undefined
  return {
    ...nothing(),
    happened: () => happened,
    onSnapshot({ status, progressPercentage: percent, instance, leaseRemainingMs }) {
      if (happened !== undefined || status !== 'executing' || percent < KILL_AT_PERCENT) return
      const owner = fleet.instances.find(({ name }) => name === instance)
      if (owner === undefined) return
      owner.kill()
      happened = { kind: 'killed', instance: owner.name, percent }
      note(`${owner.name} was killed (SIGKILL). Its lease runs out in ${seconds(leaseRemainingMs)}.`)
    },
  }
}

/**
 * SIGSTOP for the first who asks the bank, between the question and the charge. It wakes up when all jobs are done, and its
 * next step is the charge.
 */
function freezing({ fleet, bank, store, signal, note, redeliver }: Scene): Mishap {
  let owner: Instance | undefined
  const silence = Promise.withResolvers<void>()
  const woken = Promise.withResolvers<void>()
  bank.intercept(async (name) => {
    if (owner !== undefined) return
    owner = fleet.instances.find((instance) => instance.name === name)
    if (owner === undefined) return
    await freezeAtRest(owner, store.isAtRest, signal)
    note(`${name} is frozen (SIGSTOP), just before it charges the customer. Its lease will run out.`)
    redeliver(owner)
    silence.resolve()
    await woken.promise
  })
  return {
    onSnapshot() {},
    silence: silence.promise,
    happened: () => owner && { kind: 'frozen', instance: owner.name },
    async repair() {
      if (owner === undefined) return
      owner.thaw()
      woken.resolve()
    },
  }
}

/** Redis is killed in the middle, and comes back with its data when every start of that time has its answer. */
function outage({ fleet, note, startAll }: Scene): Mishap {
  let happened: Happening | undefined
  let over: Promise<void> | undefined
  const takeAway = async (): Promise<void> => {
    const { redis } = fleet
    if (redis === undefined) return
    await redis.stop()
    const since = performance.now()
    note('Redis is stopped (SIGKILL). Every instance starts every job again.')
    await startAll()
    await redis.start()
    const ms = performance.now() - since
    happened = { kind: 'outage', ms }
    note(`Redis is started again, after ${seconds(ms)}.`)
  }
  return {
    ...nothing(),
    happened: () => happened,
    onSnapshot({ status, progressPercentage }) {
      if (over !== undefined || status !== 'executing' || progressPercentage < OUTAGE_AT_PERCENT) return
      over = takeAway()
      over.catch(() => undefined)
    },
    async repair() {
      await over
    },
  }
}

/** `2.1 s`. */
export function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(1)} s`
}
