import type { ValueStorage } from '@holdfast/core'
import type { Command, RedisClient } from '../client.ts'
import { asStorageError, isSyntaxError, unexpectedReply } from '../errors.ts'
import type { Keys } from '../keys.ts'
import type { RunScript } from '../script.ts'
import { removeValueIf } from './remove-if.ts'
import { replaceValue } from './replace.ts'
import { reserveValue } from './reserve.ts'

/** The values facet on Redis: one string a value, plain commands but for the two comparisons. */
export function redisValues(client: RedisClient, run: RunScript, keys: Keys): ValueStorage {
  /** Until a server says that it does not know `SET NX GET` (Redis 6.2). */
  let setsAndGets = true

  const send = <T>(args: Command, key: string, decode: (reply: unknown) => T): Promise<T> =>
    client.send(args, key).then(decode, (error: unknown) => {
      throw asStorageError(error, args[0])
    })

  return {
    get: (key) => {
      const name = keys.value(key)
      return send(['GET', name], name, stringOrNull)
    },

    set: (key, value, ttlMs) => {
      const name = keys.value(key)
      return send(['SET', name, value, 'PX', String(ttlMs)], name, (reply) => {
        if (reply !== 'OK') throw unexpectedReply('SET', reply)
      })
    },

    async remove(those) {
      // One command a key: keys of a cluster lie in different slots. They leave in one write all the same.
      const counts = await Promise.all(
        those.map((key) => {
          const name = keys.value(key)
          return send(['UNLINK', name], name, zeroOrOne)
        }),
      )
      return counts.reduce((sum, count) => sum + count, 0)
    },

    async reserve(key, placeholder, ttlMs) {
      const name = keys.value(key)
      // What is there may be what this very command put, when the client sent it twice.
      const unlessOurs = (reply: unknown): string | null => {
        const found = stringOrNull(reply)
        return found === placeholder ? null : found
      }
      if (setsAndGets) {
        try {
          return unlessOurs(
            await client.send(['SET', name, placeholder, 'NX', 'GET', 'PX', String(ttlMs)], name),
          )
        } catch (error) {
          if (!isSyntaxError(error)) throw asStorageError(error, 'SET NX GET')
          setsAndGets = false
        }
      }
      return await run(reserveValue, [name], [placeholder, String(ttlMs)], unlessOurs)
    },

    replace: (key, expected, value, ttlMs) =>
      run(replaceValue, [keys.value(key)], [expected, value, String(ttlMs)], trueOrFalse),

    removeIf: (key, expected) => run(removeValueIf, [keys.value(key)], [expected], trueOrFalse),
  }
}

function stringOrNull(reply: unknown): string | null {
  if (typeof reply !== 'string' && reply !== null) throw unexpectedReply('a read of values', reply)
  return reply
}

function trueOrFalse(reply: unknown): boolean {
  if (reply !== '1' && reply !== '0') throw unexpectedReply('a comparison of values', reply)
  return reply === '1'
}

function zeroOrOne(reply: unknown): number {
  if (reply !== 0 && reply !== 1) throw unexpectedReply('UNLINK', reply)
  return reply
}
