import { currentOperation } from '../current-operation.ts'
import type { SimulatedProcess } from '../simulated-process.ts'
import type { Command } from '../simulated-server.ts'
import type { World } from '../workload.ts'
import type { SetReply } from '../../../storage/values.ts'
import type { Lives, Space } from './plan.ts'
import type { Wire } from './wire.ts'

/** How old a value may be that a process kept while it was cut off, in milliseconds. */
const DEGRADED_MS = 5_000
/** The breaker asks again after so long at most. */
const PAUSE_MS = 5_000
/** What a near cache promises: how old a hit may be. */
export interface NearPromise {
  readonly maxStaleMs: number
}

/** By how much the clocks of processes may be wrong, as a share. */
const DRIFT = 1.012
/** After so long a command has failed. */
const FAILS_WITHIN_MS = 300
/** By how much a process may be wrong about the storage's clock. */
const CLOCK_MS = 100
/** A set takes effect within so long after it was sent, or never. */
const SET_TIMEOUT_MS = 250

/** A value that somebody made, and what everybody outside of the cache knows about it. All instants are true time. */
export interface Made {
  readonly id: number
  readonly space: Space
  readonly key: string
  readonly how: 'load' | 'set'
  readonly process: SimulatedProcess
  /** The operation that made it. */
  readonly operation: number | undefined
  /** When its load began; or when it was given to `set`. */
  readonly began: number
  /** When the load had ended; of a set: after which its command is not executed any more. */
  ended: number
  /** Whether there is anything to store. */
  isValue: boolean
  /** When the storage stored it last. */
  storedAt: number | undefined
  tags: readonly string[]
}

/** A call of the cache. */
export interface Call {
  readonly process: SimulatedProcess
  readonly wire: Wire
  readonly began: number
}

export interface Invalidation {
  readonly what: string
  readonly ends: (made: Made) => boolean
  readonly process: SimulatedProcess | undefined
  readonly began: number
  /** When it was acknowledged; `Infinity` before, and when it never was. */
  acknowledged: number
  /** When its own process was told that it is queued, or acknowledged: that one reads nothing before it. */
  ownAcknowledged: number
  /** It ends values as fresh ones only. */
  readonly isExpiry: boolean
  /** When it was acknowledged; a failed one may be executed at any time after. */
  over: number
  /** The operation that it is, as the storage knows its commands. */
  operation: number | undefined
  /** The keys that its commands have changed, and when last. */
  readonly effects: Map<string, number>
  /** What processes have heard of these changes: all of them at that instant, in true time. */
  readonly heardBy: Map<SimulatedProcess, number>
}

/** Which commands change what a key holds, by what they answer. */
const EFFECTS: Readonly<Record<string, (reply: unknown) => boolean>> = {
  set: (reply) => (reply as SetReply).outcome === 'written',
  remove: (reply) => reply !== 0,
  patch: (reply) => reply === true,
  removeIf: (reply) => reply === true,
  renew: () => true,
}

/** What the first operation adds to a counter, and each later one more. */
export const FIRST_ADDITION = 1_000

/** What ends values by their generations. */
const GENERATIONS = /^(?:clear|invalidateTags)\b/

/** An operation first sends what its process has queued: that is not what it does itself. */
function isOfQueue({ what }: Invalidation, op: string): boolean {
  return op === 'remove' && !what.startsWith('remove')
}

/** Who may get which value: an invalidation wins over every load that began before it was asked for. */
export class Judge {
  readonly #world: World
  readonly #lives: Lives
  readonly #made: Made[] = []
  readonly #invalidations: Invalidation[] = []
  #forgottenAt = -Infinity

  readonly #near: NearPromise | undefined
  readonly #byEffect = new Map<string, Set<Invalidation>>()
  readonly #heardKeys = new Map<Invalidation, Map<SimulatedProcess, Set<string>>>()

  constructor(world: World, lives: Lives, near?: NearPromise) {
    this.#world = world
    this.#lives = lives
    this.#near = near
  }

  /**
   * Whose command it is. One timer of a process sends again what several operations wait for, and does so for the operation
   * that set it; so what a command writes counts, where that says whose it is.
   */
  operationOf({ facet, op, args: [, written], operation }: Command): number | undefined {
    // Each call adds another number.
    if (facet === 'counters') return Number(written) - FIRST_ADDITION
    if (op !== 'set') return operation
    const [, value] = /"(v\d+)"$/.exec(String(written)) ?? []
    return this.made(value)?.operation ?? operation
  }

  /** The storage has executed a command of an operation that ends values. */
  executed(command: Command, reply: unknown): void {
    const { op, facet, from } = command
    const [first] = command.args
    const operation = this.operationOf(command)
    if (facet !== 'values' || operation === undefined || this.#near === undefined) return
    const isEffect = EFFECTS[op]?.(reply) === true
    if (!isEffect) return
    const invalidation = this.#invalidations.find(
      (each) => each.operation === operation && each.process?.name === from,
    )
    if (invalidation === undefined || isOfQueue(invalidation, op)) return
    const keys = Array.isArray(first) ? (first as string[]) : [String(first)]
    for (const key of keys) {
      // What shows changes of tags is not followed.
      if (key.includes(':#c/') || key.includes(':#r/')) continue
      if (key.includes(':#') !== GENERATIONS.test(invalidation.what)) continue
      // Who has heard of all others has not heard of this one.
      if (!invalidation.effects.has(key)) invalidation.heardBy.clear()
      invalidation.effects.set(key, this.#now)
      this.#byEffect.set(key, (this.#byEffect.get(key) ?? new Set()).add(invalidation))
    }
  }

  /** A process has heard of changes. */
  heard(process: SimulatedProcess, keys: readonly string[], sentAt: number): void {
    for (const key of keys) {
      for (const invalidation of this.#byEffect.get(key) ?? []) {
        const { effects, heardBy } = invalidation
        if (heardBy.has(process) || (effects.get(key) ?? Infinity) > sentAt) continue
        const all = this.#heardKeys.get(invalidation) ?? new Map<SimulatedProcess, Set<string>>()
        this.#heardKeys.set(invalidation, all)
        const heard = all.get(process) ?? new Set()
        all.set(process, heard.add(key))
        if (heard.size === effects.size) heardBy.set(process, this.#now)
      }
    }
  }

  /** It has read what the storage has: what ended values before that was set is known to its process from now on. */
  read({ process, began }: Call, value: unknown): void {
    const made = this.made(value)
    if (made === undefined || made.how !== 'set' || this.#forgottenAt >= began) return
    // Of several keys that were set at once it has read one.
    if (this.#made.some((other) => other.operation === made.operation && other.key !== made.key)) return
    for (const { operation, heardBy } of this.#invalidations)
      if (operation === made.operation && !heardBy.has(process)) heardBy.set(process, this.#now)
  }

  /** Acknowledged writes are lost: what was invalidated before may be there again. */
  forget(): void {
    this.#forgottenAt = this.#now
  }

  /** A key is gone: that is no harm to anybody, but it may be the guard of a load. */
  evicted(): void {
    const invalidation = this.invalidate('eviction', () => false)
    invalidation.over = this.#now
  }

  make(made: Pick<Made, 'space' | 'key' | 'how' | 'process'>, tags: readonly string[]): Made {
    const created: Made = {
      ...made,
      id: this.#made.length,
      operation: currentOperation.getStore(),
      began: this.#now,
      ended: Infinity,
      isValue: true,
      storedAt: undefined,
      tags,
    }
    this.#made.push(created)
    return created
  }

  made(value: unknown): Made | undefined {
    return typeof value === 'string' ? this.#made[Number(value.slice(1))] : undefined
  }

  invalidate(
    what: string,
    ends: (made: Made) => boolean,
    process?: SimulatedProcess,
    isExpiry = false,
  ): Invalidation {
    const invalidation: Invalidation = {
      what,
      ends,
      process,
      began: this.#now,
      acknowledged: Infinity,
      ownAcknowledged: Infinity,
      isExpiry,
      over: Infinity,
      operation: undefined,
      effects: new Map(),
      heardBy: new Map(),
    }
    this.#invalidations.push(invalidation)
    return invalidation
  }

  /** Until when a command that must not be late may still be executed: by clocks that are stepped and differ. */
  latestEffect(): number {
    const { setBackMs, setOnMs, calmFrom } = this.#world.scenario
    return this.#now + SET_TIMEOUT_MS + setBackMs + setOnMs + (SET_TIMEOUT_MS + calmFrom) * 0.01
  }

  /** Whether anything was invalidated, or forgotten, between the two instants. */
  wasQuiet(from: number, to: number): boolean {
    return (
      this.#forgottenAt < from && this.#invalidations.every(({ began, over }) => began > to || over < from)
    )
  }

  /** How many invalidations were under way in that time, the foreign ones included: each may refuse a fill. */
  countInvalidations(from: number, to: number): number {
    return this.#invalidations.filter(({ began, over }) => began <= to && over >= from).length
  }

  /**
   * A call got a value. `stale`: it may be one that was made to expire. `by`: the instant before which invalidations count,
   * if that is not the beginning of the call.
   */
  gets(
    call: Call,
    space: Space,
    key: string,
    value: unknown,
    how: string,
    stale: boolean,
    by: number = call.began,
  ): void {
    if (value === undefined) return
    const made = this.made(value)
    if (made === undefined || made.space !== space || made.key !== key)
      return this.#violated('A value of the key', call, `got ${JSON.stringify(value)} for ${space}:${key}`)
    const storedAt = made.storedAt ?? Math.min(made.ended, this.#now)
    const ageMs = this.#now - storedAt
    // A copy does not age while the monotonic clock stands still.
    const sleptMs = this.#near === undefined ? 0 : this.#sleptMs(call.process, storedAt, this.#now)
    if (ageMs > this.#oldestMs(call, how) + sleptMs)
      return this.#violated(
        'A value ends',
        call,
        `got v${made.id} of ${space}:${key} (${how}), ${ageMs.toFixed(0)} ms old`,
      )
    const broken = this.brokenBy(call, made, stale, by)
    if (broken === undefined || this.#isExcused(call, made, stale)) return
    if (this.#wasNearAtTheLoss(call, made, stale, how, broken)) return
    const began = made.began.toFixed(1)
    this.#violated(
      'Invalidation wins',
      call,
      `got v${made.id} of ${space}:${key} (${how}), ${made.how} at ${began}, after ${broken.what} of ${broken.began.toFixed(1)}`,
    )
  }

  /** What a process that is cut off has loaded, may still keep, and has not invalidated: it need not load that again. */
  keeps({ process, wire, began }: Call, space: Space, key: string): Made | undefined {
    const keptMs = Math.min(DEGRADED_MS, this.#lives.ttlMs * (1 - this.#lives.jitter)) / DRIFT
    return this.#made.find((made) => {
      if (made.process !== process || made.how !== 'load' || !made.isValue) return false
      // What it keeps ages by a wall clock that was set, too: it may have slept.
      if (process.clockJumpedAt >= made.began) return false
      if (made.space !== space || made.key !== key || began < made.ended + FAILS_WITHIN_MS) return false
      if (this.#now > made.ended + keptMs || !wire.wasDownAll(made.began - FAILS_WITHIN_MS, this.#now))
        return false
      return !this.#invalidations.some((each) => each.process === process && each.over >= made.began)
    })
  }

  /** The storage has stored it. */
  stored(value: string): void {
    const made = this.made(value)
    if (made !== undefined) made.storedAt = this.#now
  }

  /** Its process may have been stopped with the answer, and the storage's clock be set back. */
  #oldestMs({ process, began }: Call, how: string): number {
    const { ttlMs, staleMs } = this.#lives
    const slackMs =
      this.#world.scenario.setBackMs + this.pausedMs(process, began, this.#now) + CLOCK_MS + FAILS_WITHIN_MS
    if (how === 'get' || how === 'getMany') return ttlMs * DRIFT + slackMs
    return how === 'hashGet' ? Infinity : (ttlMs + staleMs) * DRIFT + slackMs + DEGRADED_MS
  }

  /** Something says that there is a value: one of the key must be allowed. */
  exists(call: Call, space: Space, key: string): void {
    const all = this.#made.filter((made) => made.space === space && made.key === key)
    if (all.some((made) => this.brokenBy(call, made, false, call.began) === undefined)) return
    this.#violated('Invalidation wins', call, `learns that ${space}:${key} exists`)
  }

  /** The invalidation that forbids the value to the call. */
  brokenBy(call: Call, made: Made, stale: boolean, by: number): Invalidation | undefined {
    // What was invalidated may be there again.
    if (this.#forgottenAt >= call.began) return undefined
    return this.#invalidations.find((invalidation) => {
      const { process, acknowledged, ownAcknowledged, began, isExpiry, ends } = invalidation
      if (began <= this.#forgottenAt || (isExpiry && stale)) return false
      const known =
        process === call.process
          ? Math.min(acknowledged, ownAcknowledged)
          : this.#knownElsewhere(call.process, invalidation, made, by)
      return known < by && (made.how === 'load' ? made.began : made.ended) < began && ends(made)
    })
  }

  /** From when on another process must not be given what was invalidated. */
  #knownElsewhere(
    process: SimulatedProcess,
    { acknowledged, heardBy, effects }: Invalidation,
    made: Made,
    by: number,
  ): number {
    if (this.#near === undefined) return acknowledged
    const lease = this.#near.maxStaleMs * DRIFT + this.#sleptMs(process, acknowledged, by)
    const entryKey = `sim:${made.space}:${made.key}`
    // One of several keys may not have been changed at all.
    const isMeant = [...effects.keys()].some((key) => key === entryKey || key.includes(':#'))
    return Math.min(acknowledged + lease, isMeant ? (heardBy.get(process) ?? Infinity) : Infinity)
  }

  /** A process that is cut off may answer with what it kept when its link was lost, for five seconds. */
  #wasNearAtTheLoss(
    { process, wire, began }: Call,
    made: Made,
    stale: boolean,
    how: string,
    broken: Invalidation,
  ): boolean {
    if (this.#near === undefined || !how.startsWith('getOrCreate') || broken.process === process) return false
    if ((broken.heardBy.get(process) ?? Infinity) < began) return false
    const slack = this.pausedMs(process, began - 2 * PAUSE_MS, this.#now)
    if (!wire.wasTroubled(began - PAUSE_MS * DRIFT - slack - 300, this.#now)) return false
    const isOwn = (invalidation: Invalidation): boolean =>
      invalidation.process === process &&
      invalidation.began < began &&
      made.began < invalidation.began &&
      !(invalidation.isExpiry && stale) &&
      invalidation.ends(made)
    if (this.#invalidations.some(isOwn)) return false
    const longestMs = (this.#near.maxStaleMs + DEGRADED_MS) * DRIFT + slack + FAILS_WITHIN_MS
    return this.#now <= broken.acknowledged + longestMs
  }

  /** How long its monotonic clock stood still in that time, at most: a machine that is stopped besides sleeps until it runs again. */
  #sleptMs({ index }: SimulatedProcess, from: number, to: number): number {
    let sum = 0
    let wakesAt = -Infinity
    for (const incident of this.#world.scenario.incidents) {
      if (incident.kind !== 'pause' && incident.kind !== 'sleep') continue
      if (incident.process !== index || (incident.kind === 'pause' && incident.at > wakesAt)) continue
      wakesAt = Math.max(wakesAt, incident.at + incident.forMs)
      if (incident.at < to && incident.at + incident.forMs > from) sum += incident.forMs
    }
    return sum
  }

  /** A process that is cut off may keep what it loaded itself and did not invalidate, for five seconds. */
  #isExcused(call: Call, made: Made, stale: boolean): boolean {
    const { process, wire, began } = call
    const { now } = this.#world.scheduler
    const slack = this.pausedMs(process, began - 2 * PAUSE_MS, now)
    if (made.process !== process || made.how !== 'load') return false
    if (!wire.wasTroubled(began - PAUSE_MS * DRIFT - slack - 300, now)) return false
    if (now - made.ended > DEGRADED_MS * DRIFT + slack + 2) return false
    const isOwn = (invalidation: Invalidation): boolean =>
      invalidation.process === process &&
      invalidation.began < began &&
      made.began < invalidation.began &&
      !(invalidation.isExpiry && stale) &&
      invalidation.ends(made)
    return !this.#invalidations.some(isOwn) && !wire.hasRecovered(made.ended, began)
  }

  /** How long a process was stopped in that time, at most. */
  pausedMs({ index }: SimulatedProcess, from: number, to: number): number {
    let sum = 0
    for (const incident of this.#world.scenario.incidents) {
      if (incident.kind !== 'pause' && incident.kind !== 'sleep') continue
      if (incident.process === index && incident.at < to && incident.at + incident.forMs > from)
        sum += incident.forMs
    }
    return sum
  }

  get #now(): number {
    return this.#world.scheduler.now
  }

  #violated(guarantee: string, { process, began }: Call, message: string): void {
    this.#world.violated(guarantee, `${process.name}, which asked at ${began.toFixed(1)}, ${message}`)
  }
}
