import type { AddReply } from '../../../storage/counters.ts'
import type { World } from '../workload.ts'
import type { Command } from '../simulated-server.ts'

interface Counted {
  sum: number
  /** By the amount, which is another one in each call: how often it was added. */
  readonly effects: Map<number, { count: number; sum: number }>
}

/** Each call adds at most once, and says so when it did. */
export class CounterJudge {
  readonly #world: World
  readonly #counters = new Map<string, Counted>()
  readonly #answers = new Map<string, number>()
  /** Amounts of calls that said that nothing was added. */
  readonly #refused = new Set<number>()

  #forgottenAt = -Infinity

  constructor(world: World) {
    this.#world = world
  }

  /** What was answered before counts no longer. */
  forget(): void {
    this.#forgottenAt = this.#world.scheduler.now
    this.#counters.clear()
    this.#refused.clear()
  }

  /** Whether it added anything. */
  executed({ args }: Command, reply: AddReply): boolean {
    if (reply.outcome !== 'added') return false
    const [key, by, operation] = args as [string, number, string]
    const counter = this.#of(key)
    const { sum } = reply
    if (this.#answers.get(operation) === sum) {
      this.#world.totals.count('additions repeated')
      return false
    }
    this.#answers.set(operation, sum)
    // It begins anew when it was removed.
    counter.sum = sum === by ? by : counter.sum + by
    const effect = counter.effects.get(by) ?? { count: 0, sum }
    counter.effects.set(by, { count: effect.count + 1, sum })
    this.#world.totals.count('additions')
    if (effect.count > 0)
      this.#world.violated('Counted once', `${by} was added ${effect.count + 1} times to ${key}`)
    if (this.#refused.has(by))
      this.#world.violated('Counted once', `${by} was added to ${key} after its call said that it was not`)
    return true
  }

  answered(key: string, by: number, sum: number, began: number): void {
    if (began <= this.#forgottenAt) return
    const effect = this.#of(key).effects.get(by)
    if (effect === undefined)
      this.#world.violated(
        'Counted once',
        `a call was told that ${by} makes ${key} ${sum}, and it was never added`,
      )
    else if (effect.sum !== sum)
      this.#world.violated(
        'Counted once',
        `a call was told that ${by} makes ${key} ${sum}, and it made it ${effect.sum}`,
      )
  }

  /** The call said that nothing was added. */
  refused(key: string, by: number, began: number): void {
    if (began <= this.#forgottenAt) return
    this.#refused.add(by)
    if (this.#of(key).effects.has(by))
      this.#world.violated('Counted once', `a call was told that ${by} was not added to ${key}, and it was`)
  }

  #of(key: string): Counted {
    let counter = this.#counters.get(key)
    if (counter === undefined) this.#counters.set(key, (counter = { sum: 0, effects: new Map() }))
    return counter
  }
}
