import type { TimerEntry } from '../support/timer-queue.ts'
import type { Engine, Namespace } from './engine.ts'
import { type TagGeneration, readEntry } from './entry.ts'
import type { Flight, Landing } from './flight.ts'
import type { FlightPlan } from './flight-plan.ts'
import type { Found } from './lookup.ts'
import type { LoadPolicy } from './options.ts'
import { placeholderMark, placeholderOf } from './placeholder.ts'

/** For how long a dead loader keeps the others waiting: its guard is prolonged while the load runs. */
export const GUARD_MS = 4_000

/** The placeholder that keeps other processes from loading the same key, and the generations that the load begins under. */
export class FlightGuard implements TimerEntry {
  index: number = -1
  dueAt: number = Infinity
  /** Undefined: it is not taken. */
  placeholder: string | undefined
  /** Of the namespaces, of what shows invalidated tags, and of the tags that the call names. */
  generations: readonly string[] = []
  readonly #space: Namespace
  readonly #engine: Engine
  readonly #plan: FlightPlan
  readonly #flight: Flight
  readonly #key: string

  constructor(space: Namespace, plan: FlightPlan, flight: Flight) {
    this.#space = space
    this.#engine = space.engine
    this.#plan = plan
    this.#flight = flight
    this.#key = plan.guard === 'refresh' ? space.scope.refreshKey(plan.entryKey) : plan.entryKey
  }

  /** Undefined: it is taken. Rejects when the storage is out, or takes too long. */
  take(): Promise<Landing | undefined> {
    const taking = this.#take()
    return this.#engine.gate.inTime(this.#plan.lookedAt, taking).catch((error: unknown) => {
      // Should it be taken after all, it is of no use.
      void taking.then(
        () => this.drop(this.#engine.runtime.monotonicNow()),
        () => undefined,
      )
      throw error
    })
  }

  async #take(): Promise<Landing | undefined> {
    const { gate, runtime, lookup } = this.#engine
    const { found, policy, entryKey, guard } = this.#plan
    const mark = placeholderMark(runtime.randomId())
    let instead: Uint8Array | undefined
    if (guard === 'placeholder' && found?.state === 'outdated' && found.entry !== undefined) {
      const { head } = found.entry
      await gate.call(() => gate.values.removeIf(entryKey, head))
    } else if (guard === 'placeholder' && found?.state === 'unreadable') {
      instead = (await lookup.raw(entryKey)) ?? undefined
      // Another caller may have put its placeholder, or its value, there meanwhile.
      if (instead !== undefined && !this.#isUnreadable(instead)) return { how: 'again' }
    }
    const reserve = gate.call(() => gate.values.reserve(this.#key, mark, GUARD_MS, instead))
    // It may fail while the generations are on their way.
    reserve.catch(() => undefined)
    try {
      const held = holdGenerations(this.#space, found, policy)
      this.generations = held instanceof Promise ? await held : held
    } catch (error) {
      reserve.then(
        async (reply) => {
          if (reply.startsWith(mark)) await this.#drop(reply).catch(() => undefined)
        },
        () => undefined,
      )
      throw error
    }
    const reply = await reserve
    if (!reply.startsWith(mark)) {
      const other = placeholderOf(reply)
      if (other === undefined) return { how: 'again' }
      return { how: 'busy', guardKey: this.#key, placeholder: other }
    }
    const levels = this.#space.scope.generationKeys.length
    const placeholder = placeholderOf(reply) ?? reply
    this.placeholder = placeholder
    if (guard === 'placeholder') this.#flight.placeholder = placeholder
    this.#flight.joined = this.generations.slice(0, levels).join('')
    this.#flight.tagChanges = this.generations[levels]
    return undefined
  }

  /** Of tags that the call names: their generations were read before the load. */
  tags(tags: readonly string[]): readonly TagGeneration[] {
    return tagsUnder(this.#space, this.generations, this.#plan.policy.tags, tags)
  }

  #isUnreadable(stored: Uint8Array): boolean {
    const { scope, policy } = this.#space
    const { bytes, name } = policy.codec
    const shown = bytes === true ? stored : Buffer.from(stored).toString()
    return (
      placeholderOf(stored) === undefined && readEntry(shown, scope.generationKeys.length, name) === undefined
    )
  }

  /** Prolongs it, if it is taken, until it is stopped. */
  keep(): void {
    if (this.placeholder === undefined) return
    const { runtime, unawaited } = this.#engine
    this.dueAt = runtime.monotonicNow() + GUARD_MS / 3
    unawaited.set(this)
  }

  stop(): void {
    this.#engine.unawaited.remove(this)
  }

  onDue(): void {
    const { gate } = this.#engine
    gate
      .call(() => gate.values.extend(this.#key, this.placeholder as string, GUARD_MS))
      // It is gone: the removal wins, and the value will not be stored.
      .then(
        (isThere) => isThere || this.stop(),
        () => undefined,
      )
    this.keep()
  }

  /**
   * Other processes must not wait for a value that never comes. A guard that cannot be dropped ends by itself. `since`: when
   * its caller began to wait for the storage.
   */
  async drop(since: number): Promise<void> {
    if (this.placeholder === undefined) return
    await this.#engine.gate.inTime(since, this.#drop(this.placeholder)).catch(() => undefined)
  }

  async #drop(placeholder: string): Promise<void> {
    const { gate } = this.#engine
    await gate.call(() => gate.values.removeIf(this.#key, placeholder))
  }
}

/** What a load begins under: the generations of the namespaces, of what shows invalidated tags, and of the call's tags. */
export function holdGenerations(
  { scope, engine }: Namespace,
  found: Found | undefined,
  policy: LoadPolicy,
): readonly string[] | Promise<readonly string[]> {
  const keys = [...scope.generationKeys, scope.tagChangesKey]
  for (const tag of policy.tags) keys.push(scope.tagKey(tag))
  const seen = [...(found?.generations ?? []), found?.tagChanges ?? null]
  // Read by its caller, who named the same ones; undefined counts as missing.
  for (let i = 0; i < policy.tags.length; i += 1) seen.push(found?.tagGenerations[i] ?? null)
  // They must outlive the load as well.
  return engine.generations.hold(keys, seen, policy.ttlMs + policy.staleMs + policy.hardTimeoutMs)
}

/** `tags`, which are among those of the call, with the `generations` that its load began under. */
export function tagsUnder(
  { scope }: Namespace,
  generations: readonly string[],
  ofCall: readonly string[],
  tags: readonly string[],
): readonly TagGeneration[] {
  const first = scope.generationKeys.length + 1
  return tags.map((tag) => [tag, generations[first + ofCall.indexOf(tag)] as string])
}
