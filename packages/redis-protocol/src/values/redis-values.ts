import type { InvalidationFeed, SetReply, ValueStorage } from '@holdfast/core/storage'
import type { RedisClient } from '../client.ts'
import { unexpectedReply } from '../errors.ts'
import { type Keys, literal } from '../keys.ts'
import type { PubSub } from '../pub-sub.ts'
import { instant } from '../records/format.ts'
import type { RunScript } from '../script.ts'
import { ensureValue } from './ensure.ts'
import { extendValue } from './extend.ts'
import { manyValues } from './many.ts'
import { patchValue } from './patch.ts'
import { readMany, readString } from './read-many.ts'
import { redisCounters } from './redis-counters.ts'
import { redisHashes } from './redis-hashes.ts'
import { removeValueIf } from './remove-if.ts'
import { removeMatching } from './remove-matching.ts'
import { removeMany } from './remove.ts'
import { renewValue } from './renew.ts'
import { replaceValue } from './replace.ts'
import { reserveValue } from './reserve.ts'
import { setValue } from './set.ts'
import { argument } from './stored.ts'

/**
 * The values facet on Redis: one string a value. What reads and removes is a plain command. `run` may put scripts together;
 * `runAlone` sends each by itself.
 *
 * What its guarantees rest on beyond the port's: a placeholder or a generation is another one each time as long as the
 * server's clock is not set back to the very microsecond.
 */
export function redisValues(
  client: RedisClient,
  run: RunScript,
  keys: Keys,
  pubSub: PubSub,
  invalidations: InvalidationFeed,
  runAlone: RunScript,
): ValueStorage {
  const { send, sendForBytes } = client
  const readTexts = readMany(client, send, isText)
  const readBytes = readMany(client, sendForBytes, isBytes)
  const named = (those: readonly string[]): string[] => those.map((key) => keys.value(key))

  return {
    getMany: (those) => readTexts(named(those)),

    getManyBytes: (those) => readBytes(named(those)),

    async getHead(key, length) {
      const name = keys.value(key)
      const head = await readString(send, ['GETRANGE', name, '0', String(length - 1)], name)
      if (head !== null && !isText(head)) throw unexpectedReply('a read of values', head)
      return head || null
    },

    set: (key, value, ttlMs, notAfter) =>
      run(setValue, [keys.value(key)], [argument(value), String(ttlMs), instant(notAfter)], decodeSet),

    remove: (those) => removeMany(client, those, (key) => keys.value(key)),

    reserve: (key, mark, ttlMs, instead) =>
      run(
        reserveValue,
        [keys.value(key)],
        [
          mark,
          String(ttlMs),
          ...(instead === undefined ? (['0', ''] as const) : (['1', argument(instead)] as const)),
        ],
        text,
      ),

    extend: (key, expected, ttlMs) =>
      run(extendValue, [keys.value(key)], [expected, String(ttlMs)], trueOrFalse),

    replace: (key, expected, value, ttlMs) =>
      run(replaceValue, [keys.value(key)], [expected, argument(value), String(ttlMs)], trueOrFalse),

    patch: (key, expected, beginning, ttlMs) =>
      run(patchValue, [keys.value(key)], [expected, beginning, String(ttlMs)], trueOrFalse),

    removeIf: (key, expected) => run(removeValueIf, [keys.value(key)], [expected], trueOrFalse),

    // In a cluster the keys of one command lie in one slot.
    ...(client.cluster === undefined && manyValues(runAlone, keys)),

    ensure: (key, mark, ttlMs) => run(ensureValue, [keys.value(key)], [mark, String(ttlMs)], text),

    renew: (key, mark, ttlMs) => run(renewValue, [keys.value(key)], [mark, String(ttlMs)], text),

    async subscribe(key, onEnd) {
      const stop = await pubSub.subscribe(keys.value(key), { message: onEnd, restored: onEnd })
      return () => void stop()
    },

    removeMatching: ({ prefix, glob }, position) =>
      removeMatching(client, literal(keys.value(prefix)) + glob, position),

    hashes: redisHashes(client, run, keys),
    counters: redisCounters(run, keys),
    invalidations,
  }
}

function isText(reply: unknown): reply is string {
  return typeof reply === 'string'
}

function isBytes(reply: unknown): reply is Buffer {
  return Buffer.isBuffer(reply)
}

function text(reply: unknown): string {
  if (!isText(reply)) throw unexpectedReply('a reservation of values', reply)
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
