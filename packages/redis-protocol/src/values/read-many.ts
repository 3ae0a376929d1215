import type { Command, RedisClient } from '../client.ts'
import { asStorageError, isWrongType, unexpectedReply } from '../errors.ts'
import { inChunks } from './in-chunks.ts'

/** How many keys leave together, in one MGET where that is possible: others' commands get in between. */
const KEYS_AT_ONCE = 128

type Send = RedisClient['send']
type IsValue<T> = (reply: unknown) => reply is T
/** Reads the values under these keys, in their order; null where no string is. */
type Read<T> = (names: readonly string[]) => Promise<(T | null)[]>

/**
 * Reads many keys by one command on a single server. In a cluster each key is one, since keys lie in different slots;
 * those of one tick leave together.
 */
export function readMany<T>({ cluster }: RedisClient, send: Send, isValue: IsValue<T>): Read<T> {
  const judge = (reply: unknown): T | null => {
    if (reply !== null && !isValue(reply)) throw unexpectedReply('a read of values', reply)
    return reply
  }
  const together: Read<T> = (names) =>
    send(['MGET', ...names], names[0]).then(
      (replies) => {
        if (!Array.isArray(replies) || replies.length !== names.length) {
          throw unexpectedReply('a read of values', replies)
        }
        return replies.map(judge)
      },
      (error: unknown) => {
        throw asStorageError(error, 'MGET')
      },
    )
  const oneByOne: Read<T> = (names) =>
    Promise.all(names.map((name) => readString(send, ['GET', name], name).then(judge)))
  const read = cluster ? oneByOne : together
  return async (names) => {
    if (names.length === 0) return []
    if (names.length <= KEYS_AT_ONCE) return read(names)
    return (await inChunks(names, KEYS_AT_ONCE, read)).flat()
  }
}

/** The reply, or null where the key holds no string. */
export function readString(send: Send, command: Command, name: string): Promise<unknown> {
  return send(command, name).catch((error: unknown) => {
    if (isWrongType(error)) return null
    throw asStorageError(error, command[0])
  })
}
