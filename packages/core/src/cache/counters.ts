import { InvalidArgumentError } from '../errors.ts'
import { checkInteger } from '../support/checks.ts'
import type { Namespace } from './engine.ts'
import { type LifeOptions, lifeOf } from './life.ts'

export type CountOptions = LifeOptions

type Add = (key: string, by?: number, options?: CountOptions) => Promise<number>

const { MAX_SAFE_INTEGER } = Number

/**
 * The counters of a cache. Each call has an id, whose answer the storage remembers for longer than the call may be executed:
 * so a repetition by the cache, the client or the network adds nothing more.
 */
export function countersOf(space: Namespace): { readonly increment: Add; readonly decrement: Add } {
  const { gate, runtime } = space.engine

  const add = async (key: string, by: number, options: CountOptions): Promise<number> => {
    const counter = space.scope.entryKey(key)
    const life = lifeOf(space, options)
    const operation = runtime.randomId()
    const reply = await gate.claim(
      (notAfter) => gate.values.counters.add(counter, by, operation, life, notAfter),
      {
        tooLate: 'The addition reached the storage of the cache too late: nothing was added.',
        isRemembered: true,
      },
    )
    if (reply.outcome === 'added') return reply.sum
    throw new InvalidArgumentError(
      `The counter ${JSON.stringify(key)} would leave the safe integers, ±${MAX_SAFE_INTEGER}, so ${by} was not added to it: ` +
        'use another counter, or remove it first.',
    )
  }

  return {
    increment: async (key, by = 1, options = {}) => await add(key, checkBy(by), options),
    // 0 − 0 is 0, and not −0.
    decrement: async (key, by = 1, options = {}) => await add(key, 0 - checkBy(by), options),
  }
}

function checkBy(by: number): number {
  return checkInteger('by', by, -MAX_SAFE_INTEGER)
}
