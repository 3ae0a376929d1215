import { type RedisClient, type RedisNode, mastersOf } from '../client.ts'
import { asStorageError } from '../errors.ts'
import { wholeNumber } from '../digits.ts'
import { BEGIN, DONE, SCANNED_AT_A_TIME, nextChunk, runOf } from '../values/scan.ts'

/** A part of a scan. */
export interface ScanStep<T> {
  /** What this part found that no part before it has. */
  readonly found: readonly T[]
  /** About how many keys were looked at so far. */
  readonly scanned: number
  /** How many keys there are; undefined where Redis does not say. */
  readonly keys: number | undefined
}

/**
 * Looks at all keys, part by part, with SCAN: on one master after the other. What is there all the time is found; what comes
 * or goes meanwhile may be.
 */
export async function* scanKeys(client: RedisClient, pattern: string): AsyncGenerator<ScanStep<string>> {
  const seen = new Set<string>()
  let scanned = 0
  try {
    const masters = await mastersOf(client)
    const sizes = await Promise.all(masters.map(sizeOf))
    const keys = sizes.every((size) => size !== undefined) ? sum(sizes) : undefined
    for (const master of masters) {
      let scan = { run: await runOf(master), cursor: BEGIN }
      while (scan.cursor !== DONE) {
        const { found, ...next } = await nextChunk(master, pattern, scan)
        scan = next
        scanned += Math.max(found.length, SCANNED_AT_A_TIME)
        const fresh = found.filter((key) => !seen.has(key))
        for (const key of fresh) seen.add(key)
        yield { found: fresh, scanned: keys === undefined ? scanned : Math.min(scanned, keys), keys }
      }
    }
  } catch (error) {
    throw asStorageError(error, 'SCAN')
  }
}

async function sizeOf(master: RedisNode): Promise<number | undefined> {
  try {
    const size = wholeNumber(await master.send(['DBSIZE']))
    return Number.isNaN(size) ? undefined : size
  } catch (error) {
    if (asStorageError(error, 'DBSIZE').code === 'STORAGE_REFUSED') return undefined
    throw error
  }
}

function sum(sizes: readonly number[]): number {
  return sizes.reduce((total, size) => total + size, 0)
}
