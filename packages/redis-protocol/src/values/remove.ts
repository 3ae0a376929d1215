import { type HoldfastError, StorageUnavailableError } from '@holdfast/core'
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
  const isOneCommand = keys.length <= (client.cluster ? 1 : KEYS_AT_ONCE)
  const unlink = async (chunk: readonly string[]): Promise<number> => {
    const reply = await client.send(['UNLINK', ...chunk], chunk[0]).catch((error: unknown) => {
      const reason = asStorageError(error, 'UNLINK')
      throw isOneCommand ? reason : ofSeveral(reason)
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

/** That one of several commands was not executed says nothing of the others. */
function ofSeveral(reason: HoldfastError): HoldfastError {
  if (reason.code !== 'STORAGE_UNAVAILABLE') return reason
  return new StorageUnavailableError(reason.message, { cause: reason.cause, maybeApplied: true })
}

function sum(counts: readonly number[]): number {
  return counts.reduce((total, count) => total + count, 0)
}
