import type { TimerEntry } from '../support/timer-queue.ts'
import type { BatchPlan, ManyValues } from './batch-plan.ts'
import type { Engine, Namespace } from './engine.ts'
import type { Flight, Landing } from './flight.ts'
import { GUARD_MS, holdGenerations } from './flight-guard.ts'
import { placeholderMark, placeholderOf } from './placeholder.ts'

/** How many keys one command reserves, at most: that takes the server a quarter of a millisecond. */
export const MOST_TOGETHER = 100

/**
 * What `FlightGuard` is for one key: the placeholders that keep other processes from loading the keys of a batch, and the
 * generations that their load begins under. One command takes them, and one timer prolongs them.
 */
export class BatchGuard implements TimerEntry {
  index: number = -1
  dueAt: number = Infinity
  /** Of the namespaces, of what shows invalidated tags, and of the tags that the call names. */
  generations: readonly string[] = []
  readonly #space: Namespace
  readonly #engine: Engine
  readonly #values: ManyValues
  readonly #plan: BatchPlan
  readonly #flights: readonly Flight[]
  /** Those whose placeholders are still there, as far as it knows. */
  readonly #held = new Set<Flight>()

  constructor(space: Namespace, values: ManyValues, plan: BatchPlan, flights: readonly Flight[]) {
    this.#space = space
    this.#engine = space.engine
    this.#values = values
    this.#plan = plan
    this.#flights = flights
  }

  /** For each flight what came before it; undefined: its key is taken. Rejects when the storage is out, or takes too long. */
  async take(): Promise<readonly (Landing | undefined)[]> {
    const { gate, runtime } = this.#engine
    const { found, policy, lookedAt } = this.#plan
    const mark = placeholderMark(runtime.randomId())
    const keys = this.#flights.map(({ entryKey }) => entryKey)
    const reserving = gate.call(() => this.#values.reserveMany(keys, mark, GUARD_MS))
    const holding = holdGenerations(this.#space, found[0], policy)
    try {
      const [replies, generations] = await gate.inTime(lookedAt, Promise.all([reserving, holding]))
      this.generations = generations
      return this.#taken(mark, replies)
    } catch (error) {
      // Should they be reserved after all, that is of no use.
      void reserving.then(
        (late) => late.forEach((reply, i) => this.#free(keys[i] as string, mark, reply)),
        () => undefined,
      )
      throw error
    }
  }

  /** Prolongs them until it is stopped. */
  keep(): void {
    this.dueAt = this.#engine.runtime.monotonicNow() + GUARD_MS / 3
    this.#engine.unawaited.set(this)
  }

  stop(): void {
    this.#engine.unawaited.remove(this)
  }

  onDue(): void {
    const { gate } = this.#engine
    for (const flight of this.#held)
      gate
        .call(() => gate.values.extend(flight.entryKey, flight.placeholder as string, GUARD_MS))
        // It is gone: the removal wins, and the value will not be stored.
        .then(
          (isThere) => isThere || this.#held.delete(flight),
          () => undefined,
        )
    this.keep()
  }

  #taken(mark: string, replies: readonly (string | Error)[]): readonly (Landing | undefined)[] {
    const levels = this.#space.scope.generationKeys.length
    const joined = this.generations.slice(0, levels).join('')
    const tagChanges = this.generations[levels]
    let own: string | undefined
    let placeholder: string | undefined
    return this.#flights.map((flight, i) => {
      const reply = replies[i]
      // Most have the same one.
      if (reply !== own || placeholder === undefined) {
        if (typeof reply !== 'string') return { how: 'out', error: reply }
        if (!reply.startsWith(mark)) return foundInstead(flight, reply)
        own = reply
        placeholder = placeholderOf(reply) ?? reply
      }
      flight.placeholder = placeholder
      flight.joined = joined
      flight.tagChanges = tagChanges
      this.#held.add(flight)
      return undefined
    })
  }

  #free(key: string, mark: string, reply: string | Error): void {
    const { gate } = this.#engine
    if (typeof reply !== 'string' || !reply.startsWith(mark)) return
    gate.call(() => gate.values.removeIf(key, reply)).catch(() => undefined)
  }
}

function foundInstead({ entryKey }: Flight, reply: string): Landing {
  const placeholder = placeholderOf(reply)
  return placeholder === undefined ? { how: 'again' } : { how: 'busy', guardKey: entryKey, placeholder }
}
