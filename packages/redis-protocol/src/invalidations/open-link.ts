import type { DedicatedConnection, DedicatedConnectionEvents } from '../client.ts'
import { inTime } from '../in-time.ts'
import { INVALIDATED } from '../keys.ts'
import { parseInfo } from '../verify/server.ts'
import { LinkRefused, asLinkError } from './refusal.ts'

const PATIENCE_MS = 5_000

/**
 * Opens a connection on which its server reports every change of keys with these prefixes, redirected to the connection
 * itself: a subscriber in RESP2 hears of it in every client, and nothing is changed on a connection of the user's. A
 * subscriber may send nothing but PING, so all else comes before.
 */
export async function openLink(
  open: (events: DedicatedConnectionEvents) => Promise<DedicatedConnection>,
  prefixes: readonly string[],
  events: DedicatedConnectionEvents,
): Promise<DedicatedConnection> {
  const connection = await open(events)
  const step = async (doing: string, reply: Promise<unknown>): Promise<unknown> => {
    try {
      return await inTime(reply, PATIENCE_MS)
    } catch (error) {
      throw asLinkError(error, doing)
    }
  }
  try {
    const [id] = await Promise.all([
      step('CLIENT ID', connection.send(['CLIENT', 'ID'])),
      refuseReplica(connection),
    ])
    const named = prefixes.flatMap((prefix) => ['PREFIX', prefix])
    const tracking = connection.send(['CLIENT', 'TRACKING', 'ON', 'REDIRECT', String(id), 'BCAST', ...named])
    await step('CLIENT TRACKING', tracking)
    await step('SUBSCRIBE', connection.subscribe(INVALIDATED))
    return connection
  } catch (error) {
    connection.close()
    throw error
  }
}

/** It reports what it gets, but not when it gets nothing. */
async function refuseReplica(connection: DedicatedConnection): Promise<void> {
  const reply = await inTime(connection.send(['INFO', 'replication']), PATIENCE_MS).catch(() => undefined)
  if (parseInfo(reply)?.['role'] !== 'slave') return
  throw new LinkRefused(
    'TRACKING_UNPROVEN',
    new Error('The link leads to a replica, which reports nothing of what it misses.'),
  )
}
