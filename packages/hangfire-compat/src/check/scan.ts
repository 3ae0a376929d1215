import {
  type Command,
  type RedisClient,
  asStorageError,
  sendSafely,
  unexpectedReply,
} from '@holdfast/redis-protocol'

export interface Scanned {
  readonly keys: readonly string[]
  /** False: the server has more keys than were looked at. */
  readonly isComplete: boolean
}

/** How many keys the server looks at for one answer. */
const AT_A_TIME = 1_000

/** The keys of a database that match, among about the first `budget` that a server looks at. */
export async function scanKeys(client: RedisClient, match: string, budget: number): Promise<Scanned> {
  const masters =
    client.cluster === undefined
      ? [{ send: (command: Command) => sendSafely(client, command) }]
      : await client.cluster.masters()
  const keys = new Set<string>()
  let isComplete = true
  for (const { send } of masters) {
    let cursor = '0'
    let looked = 0
    do {
      const reply = await send(['SCAN', cursor, 'MATCH', match, 'COUNT', `${AT_A_TIME}`]).catch(
        (error: unknown) => {
          throw asStorageError(error, 'SCAN')
        },
      )
      const [next, found] = Array.isArray(reply) ? (reply as unknown[]) : []
      if (typeof next !== 'string' || !Array.isArray(found)) throw unexpectedReply('SCAN', reply)
      for (const key of found) keys.add(String(key))
      cursor = next
      looked += AT_A_TIME
    } while (cursor !== '0' && looked < budget)
    isComplete &&= cursor === '0'
  }
  return { keys: [...keys], isComplete }
}

/** A pattern for keys that begin with this text. */
export function beginningWith(text: string): string {
  return `${text.replace(/[\\*?[\]]/g, '\\$&')}*`
}
