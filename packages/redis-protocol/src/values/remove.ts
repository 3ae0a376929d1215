import type { RedisClient } from '../client.ts'
import { wholeNumber } from '../digits.ts'
import { asStorageError, unexpectedReply } from '../errors.ts'
import { inChunks } from './in-chunks.ts'

/** How many keys leave together: the commands of others get in between. */
const KEYS_AT_ONCE = 256

/** Removes the keys, and counts those that were there. In a cluster each key is a command; elsewhere many share one. */
export async function removeMany(
  client: RedisClient,
  keys: readonly string[],
  nameOf: (key: string) => string,
): Promise<number> {
  const unlink = async (chunk: readonly string[]): Promise<number> => {
    const reply = await client.send(['UNLINK', ...chunk], chunk[0]).catch((error: unknown) => {
      throw asStorageError(error, 'UNLINK')
    })
    const count = wholeNumber(reply)
    if (!(count <= chunk.length)) throw unexpectedReply('UNLINK', reply)
    return count
  }
  const counts = await inChunks(keys, KEYS_AT_ONCE, async (chunk) => {
    const names = chunk.map(nameOf)
    return client.cluster ? sum(await Promise.all(names.map((name) => unlink([name])))) : await unlink(names)
  })
  return sum(counts)
}

function sum(counts: readonly number[]): number {
  return counts.reduce((total, count) => total + count, 0)
}
