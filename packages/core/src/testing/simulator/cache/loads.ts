import { entry } from '../../../cache/entry-result.ts'
import type { LoadContext } from '../../../cache/load.ts'
import type { SimulatedProcess } from '../simulated-process.ts'
import type { Command } from '../simulated-server.ts'
import type { World } from '../workload.ts'
import type { Call, Judge, Made } from './judge.ts'
import type { LoadPlan, Space } from './plan.ts'

/** A process that was stopped for longer may have lost the guard of its load. */
const SHORT_STOP_MS = 1_000

/** Within so long a caller waits for the load that another process does, if all goes well. */
const SOON_MS = 150

/** How the load of one call went. */
export interface LoadOfCall {
  made: Made | undefined
  failedAt: number | undefined
}

/** One load as it runs. */
interface Running {
  readonly call: Call
  readonly made: Made
  readonly isRefresh: boolean
  readonly replaces: boolean
  /** Its call has waited for another process's load for as long as it may. */
  readonly isAlone: boolean
  /** A refresh of its process has taken its place. */
  isReplaced: boolean
  isAborted: boolean
}

export class SourceFailedError extends Error {
  readonly load: Made
  readonly call: Call

  constructor(load: Made, call: Call) {
    super('the source failed')
    this.load = load
    this.call = call
  }
}

export interface AskedLoad {
  readonly call: Call
  readonly space: Space
  readonly key: string
  readonly plan: LoadPlan
  readonly tags: readonly string[]
  readonly isRefresh: boolean
  readonly hardTimeoutMs: number
  readonly waitMs: number
  /** Its source is asked for many keys, and is not told what it replaces. */
  readonly isOneOfMany: boolean
  /** Asks for another key. */
  readonly ask: () => Promise<unknown>
}

/** The loads of all processes, as the source of the values sees them. */
export class Loads {
  readonly #world: World
  readonly #judge: Judge
  readonly #running = new Set<Running>()
  readonly #closed = new Set<SimulatedProcess>()
  /** What processes have reserved and do not load yet: the key of a value, or one beside it, to replace that. */
  readonly #reserved = new Map<string, 'value' | 'refresh'>()
  /** Loads of callers whose wait for another process was over; also those that have ended. */
  readonly #alone: Running[] = []

  constructor(world: World, judge: Judge) {
    this.#world = world
    this.#judge = judge
  }

  died(process: SimulatedProcess): void {
    for (const running of this.#running) if (running.call.process === process) this.#end(running)
  }

  /** What it still loads, it loads for itself. */
  closed(process: SimulatedProcess): void {
    this.#closed.add(process)
  }

  /** The storage has executed a command. */
  executed({ op, facet, from, args: [key, mark] }: Command, reply: unknown): void {
    if (facet !== 'values' || op !== 'reserve' || !String(reply).startsWith(String(mark))) return
    const isRefresh = String(key).includes(':#r/')
    this.#reserved.set(`${from} ${String(key).replace(':#r/', ':')}`, isRefresh ? 'refresh' : 'value')
  }

  async run(asked: AskedLoad, of: LoadOfCall, context: LoadContext<unknown>): Promise<unknown> {
    const { call, space, key, plan, tags, isRefresh, hardTimeoutMs } = asked
    const { process } = call
    const { scheduler, history, totals } = this.#world
    const stale = context.stale
    if (stale !== undefined) {
      totals.count('loads that got the old value')
      this.#judge.gets(call, space, key, stale.value, 'stale of its load', true)
    }
    const made = this.#judge.make({ space, key, how: 'load', process }, plan.tags ?? tags)
    of.made = made
    totals.count('loads')
    history.add(process.index, () => `loads v${made.id} of ${space}:${key}`)
    const isAlone = scheduler.now - call.began > asked.waitMs * 0.98
    made.isValue = plan.outcome === 'value' || plan.outcome === 'asks'
    // A cache that is closed keeps nothing any more.
    const keepsNothing = isRefresh || this.#closed.has(process)
    const kept = keepsNothing ? undefined : this.#judge.keeps(call, space, key)
    if (kept !== undefined)
      this.#world.violated(
        'One load in an outage',
        `${process.name} loads ${space}:${key} and has loaded v${kept.id} at ${kept.began.toFixed(1)}`,
      )
    const reservation = `${process.name} sim:${space}:${key}`
    const reserved = this.#reserved.get(reservation)
    this.#reserved.delete(reservation)
    const replaces = stale !== undefined || (asked.isOneOfMany && reserved === 'refresh')
    const running = { call, made, isRefresh, replaces, isAlone, isReplaced: false, isAborted: false }
    if (reserved === undefined) this.#judgeAlone(running, asked)
    this.#judgeStart(running, asked)
    this.#running.add(running)
    // By the engine's own count its callers need not wait any longer then.
    scheduler.at(made.began + hardTimeoutMs * 0.98, () => this.#end(running))
    const { signal } = context
    const onAbort = (): void => {
      // Whatever it makes of that, its process does not keep it.
      made.isValue = false
      running.isAborted = true
      this.#end(running)
    }
    signal.addEventListener('abort', onAbort)
    try {
      await this.#work(asked, signal)
      const ends = (): void => {
        made.ended = scheduler.now
        this.#end(running)
      }
      if (plan.outcome === 'fails') {
        of.failedAt = scheduler.now
        history.add(process.index, () => `load of v${made.id} fails`)
        ends()
        throw new SourceFailedError(made, call)
      }
      ends()
      if (plan.outcome === 'nothing') return undefined
      const value = `v${made.id}`
      return plan.tags === undefined ? value : entry(value, { tags: plan.tags })
    } catch (error) {
      of.failedAt ??= scheduler.now
      throw error
    } finally {
      signal.removeEventListener('abort', onAbort)
      this.#end(running)
    }
  }

  /** The load of many keys has failed with the first of them that fails, whatever its source still does for the others. */
  async asOne<T>(all: readonly LoadOfCall[], loading: Promise<T>): Promise<T> {
    try {
      return await loading
    } catch (error) {
      for (const running of this.#running)
        if (all.some(({ made }) => made === running.made)) this.#end(running)
      throw error
    }
  }

  #end(running: Running): void {
    this.#running.delete(running)
  }

  #work({ call, plan, ask }: AskedLoad, signal: AbortSignal): Promise<unknown> {
    const { scheduler } = this.#world
    const after = new Promise<void>((resolve) => {
      // Not a timer of its process: those must all be gone when the cache is closed.
      if (plan.outcome !== 'never')
        scheduler.at(scheduler.now + plan.ms, () => queueMicrotask(resolve), call.process, 'timer')
    })
    const work = plan.outcome === 'asks' ? after.then(ask) : after
    if (!plan.heedsSignal) return work
    return new Promise((resolve, reject) => {
      const abort = (): void => reject(signal.reason as Error)
      if (signal.aborted) abort()
      signal.addEventListener('abort', abort)
      work.then(resolve, reject)
    })
  }

  /**
   * A load that its process runs alone has no guard: what shows that no process has removed its key is the guard of the load
   * that it waited for. With the end of that load, a call that comes after the beginning of the other must load again.
   */
  #mayBeOutdated(rival: Running, next: Running): boolean {
    const { process } = next.call
    if (!rival.isAlone || next.isAlone || rival.call.process !== process) return false
    if (next.call.began <= rival.made.began) return false
    const { key, space } = next.made
    // One that began later is not the one that it waited for.
    return ![...this.#running].some(
      ({ call, made }) =>
        call.process !== process && made.key === key && made.space === space && made.began < rival.made.began,
    )
  }

  /** A load without a guard, of a caller whose wait is over, answers all of its process who began to wait before it began. */
  #judgeAlone(next: Running, { waitMs }: AskedLoad): void {
    const { now } = this.#world.scheduler
    const { process, wire, began } = next.call
    // One that has waited all the time.
    if (!next.isAlone || now - began > waitMs * 1.012 + SOON_MS) return
    this.#world.totals.count('loads of callers whose wait was over')
    for (const { made, call, isAborted, replaces } of this.#alone) {
      if (call.process !== process || made.key !== next.made.key || made.space !== next.made.space) continue
      if (isAborted || made.ended === Infinity || made.began < began + SOON_MS || replaces !== next.replaces)
        continue
      const since = Math.min(call.began, began) - 600
      if (this.#closed.has(process) || !this.#judge.wasQuiet(since, now)) continue
      if (wire.wasTroubled(since, now) || this.#judge.pausedMs(process, since, now) > 0) continue
      this.#world.violated(
        'One load for all who wait',
        `${process.name} loads ${made.space}:${made.key} for who has waited since ${began.toFixed(1)}, and did at ${made.began.toFixed(1)}`,
      )
    }
    this.#alone.push(next)
  }

  /** One load of a key at a time, in all processes, as long as all goes well and no caller has to wait too long. */
  #judgeStart(next: Running, { call, isRefresh }: AskedLoad): void {
    const { now } = this.#world.scheduler
    const { process, wire } = call
    for (const rival of this.#running) {
      const { made } = rival
      if (made.key !== next.made.key || made.space !== next.made.space) continue
      this.#world.totals.count('loads beside another')
      // A refresh takes the place of a load that its process runs alone: who comes after the refresh does not find that.
      if (isRefresh && rival.isAlone && rival.call.process === process) rival.isReplaced = true
      if (rival.isReplaced || isRefresh || rival.isRefresh || rival.replaces !== next.replaces) continue
      if (rival.call.process !== process && (next.isAlone || rival.isAlone)) continue
      if (this.#mayBeOutdated(rival, next)) continue
      if (this.#closed.has(rival.call.process) || this.#closed.has(process)) continue
      const since = made.began - 600
      if (!this.#judge.wasQuiet(since, now)) continue
      if (wire.wasTroubled(since - 5_500, now) || rival.call.wire.wasTroubled(since - 5_500, now)) continue
      const stopped = this.#judge.pausedMs(rival.call.process, since, now)
      if (stopped > SHORT_STOP_MS || this.#judge.pausedMs(process, since, now) > SHORT_STOP_MS) continue
      this.#world.violated(
        'One load',
        `${process.name} loads ${made.space}:${made.key} while ${rival.call.process.name} does since ${made.began.toFixed(1)}`,
      )
    }
  }
}
