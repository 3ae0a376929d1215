import type { RedisNode } from '../client.ts'
import { answerOf, unexpectedReply } from '../errors.ts'

/** About how many keys a server looks at for one `SCAN`: for a third of a millisecond it serves no other client. */
export const SCANNED_AT_A_TIME = 500
/**
 * Where the scan of a server goes on. A cursor means something only to the process that gave it: `run` is the id of that.
 */
export interface Scan {
  readonly run: string
  readonly cursor: string
}

export interface Chunk extends Scan {
  readonly found: readonly string[]
}

export const BEGIN = '0'
export const DONE = 'done'

/** The next keys of a server that match. A scan of a server that has started anew begins anew. */
export async function nextChunk(master: RedisNode, pattern: string, { run, cursor }: Scan): Promise<Chunk> {
  // In this order: the server that answers the second has answered the first, or comes after the one which did.
  const [reply, nowRun] = await Promise.all([
    master.send(['SCAN', cursor, 'MATCH', pattern, 'COUNT', String(SCANNED_AT_A_TIME)]),
    runOf(master),
  ])
  const [next, names] = (Array.isArray(reply) ? reply : []) as unknown[]
  if (!Array.isArray(names) || !/^\d+$/.test(String(next))) throw unexpectedReply('SCAN', reply)
  const found = names.filter((name): name is string => typeof name === 'string')
  if (nowRun !== run) return { run: nowRun, cursor: BEGIN, found }
  return { run: nowRun, cursor: String(next) === BEGIN ? DONE : String(next), found }
}

/** Another one after each start of the server, and on each server; '' where the user may not ask. */
export async function runOf(master: RedisNode): Promise<string> {
  const info = await master.send(['INFO', 'server']).catch((error: unknown) => {
    if (answerOf(error) === undefined) throw error
    return ''
  })
  return /^run_id:(\w+)/m.exec(String(info))?.[1] ?? ''
}
