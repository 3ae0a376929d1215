import type { Command, RedisClient } from '../client.ts'
import { asStorageError, isWrongType, unexpectedReply } from '../errors.ts'
import { inChunks } from './in-chunks.ts'

/** How many keys one MGET asks for: the server answers no other client while it reads. */
const KEYS_A_COMMAND = 128

type Send = RedisClient['send']

/**
 * The values under these keys, in their order; null where no string is. On a single server few keys are one command. In a
 * cluster each key is one, since keys lie in different slots; those of one tick leave together.
 */
export async function readMany<T>(
  client: RedisClient,
  send: Send,
  names: readonly string[],
  isValue: (reply: unknown) => reply is T,
): Promise<readonly (T | null)[]> {
  const judge = (reply: unknown): T | null => {
    if (reply !== null && !isValue(reply)) throw unexpectedReply('a read of values', reply)
    return reply
  }
  if (client.cluster) {
    const read = (chunk: readonly string[]): Promise<(T | null)[]> =>
      Promise.all(chunk.map(async (name) => judge(await readString(send, ['GET', name], name))))
    return (await inChunks(names, KEYS_A_COMMAND, read)).flat()
  }
  const read = async (chunk: readonly string[]): Promise<readonly (T | null)[]> => {
    const replies = await send(['MGET', ...chunk], chunk[0]).catch((error: unknown) => {
      throw asStorageError(error, 'MGET')
    })
    if (!Array.isArray(replies) || replies.length !== chunk.length) {
      throw unexpectedReply('a read of values', replies)
    }
    return replies.map(judge)
  }
  if (names.length <= KEYS_A_COMMAND) return names.length === 0 ? [] : await read(names)
  return (await inChunks(names, KEYS_A_COMMAND, read)).flat()
}

/** The reply, or null where the key holds no string. */
export function readString(send: Send, command: Command, name: string): Promise<unknown> {
  return send(command, name).catch((error: unknown) => {
    if (isWrongType(error)) return null
    throw asStorageError(error, command[0])
  })
}
