import type { SetReply, ValueStorage } from '@holdfast/core/storage'
import type { Command, RedisClient } from '../client.ts'
import { wholeNumber } from '../digits.ts'
import { asStorageError, unexpectedReply } from '../errors.ts'
import type { Keys } from '../keys.ts'
import type { RunScript } from '../script.ts'
import { removeValueIf } from './remove-if.ts'
import { replaceValue } from './replace.ts'
import { reserveValue } from './reserve.ts'
import { setValue } from './set.ts'

/** The values facet on Redis: one string a value. What reads and removes is a plain command. */
export function redisValues(client: RedisClient, run: RunScript, keys: Keys): ValueStorage {
  const send = <T>(args: Command, key: string, decode: (reply: unknown) => T): Promise<T> =>
    client.send(args, key).then(decode, (error: unknown) => {
      throw asStorageError(error, args[0])
    })

  return {
    get: (key) => {
      const name = keys.value(key)
      return send(['GET', name], name, stringOrNull)
    },

    set: (key, value, ttlMs, notAfter) =>
      run(setValue, [keys.value(key)], [value, String(ttlMs), String(notAfter)], decodeSet),

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

    reserve: (key, mark, ttlMs) => run(reserveValue, [keys.value(key)], [mark, String(ttlMs)], string),

    replace: (key, expected, value, ttlMs) =>
      run(replaceValue, [keys.value(key)], [expected, value, String(ttlMs)], trueOrFalse),

    removeIf: (key, expected) => run(removeValueIf, [keys.value(key)], [expected], trueOrFalse),
  }
}

function stringOrNull(reply: unknown): string | null {
  if (typeof reply !== 'string' && reply !== null) throw unexpectedReply('a read of values', reply)
  return reply
}

function string(reply: unknown): string {
  if (typeof reply !== 'string') throw unexpectedReply('a reservation of values', reply)
  return reply
}

function decodeSet(reply: unknown): SetReply {
  const [, stored, now] = /^([01])(\d+)$/.exec(String(reply)) ?? []
  if (now === undefined) throw unexpectedReply('a set of values', reply)
  return { outcome: stored === '1' ? 'written' : 'late', now: Number(now) }
}

function trueOrFalse(reply: unknown): boolean {
  if (reply !== '1' && reply !== '0') throw unexpectedReply('a comparison of values', reply)
  return reply === '1'
}

function zeroOrOne(reply: unknown): number {
  const count = wholeNumber(reply)
  if (count !== 0 && count !== 1) throw unexpectedReply('UNLINK', reply)
  return count
}
