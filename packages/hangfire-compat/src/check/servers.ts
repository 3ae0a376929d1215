import type { Reader } from '../monitor/reader.ts'
import type { Found } from '../monitor/unreadable.ts'
import { decodeDate } from '../wire/dates.ts'
import { type Fields, optional } from '../wire/fields.ts'
import type { HangfireKeys } from '../wire/keys.ts'
import { pagesBrokenByServer } from '../wire/page-rules.ts'
import { isNodeServer } from '../wire/servers.ts'
import type { Findings } from './findings.ts'

/** A member of `servers`. */
export interface CheckedServer {
  readonly id: string
  /** Holdfast's servers say that they run in Node; the others are taken for .NET. */
  readonly runtime: '.NET' | 'Node'
  readonly queues: readonly string[]
  /** How long ago it last gave a sign of life, by the clock of Redis; undefined when it gave none. */
  readonly silentForMs?: number
  /** Whether that is less than five minutes, Hangfire's own limit. */
  readonly isAlive: boolean
}

export interface ReadServer extends CheckedServer {
  readonly fields: Fields
}

const SILENT_MS = 300_000

export async function readServers(
  reader: Reader,
  keys: HangfireKeys,
  now: number,
  found: Found,
): Promise<readonly ReadServer[]> {
  const ids = await reader.set(keys.servers, found)
  return await Promise.all(ids.toSorted().map((id) => readServer(reader, keys, id, now, found)))
}

export async function readServer(
  reader: Reader,
  keys: HangfireKeys,
  id: string,
  now: number,
  found: Found,
): Promise<ReadServer> {
  const [fields, queues] = await Promise.all([
    reader.hash(keys.server(id), found),
    reader.list(keys.serverQueues(id), 0, -1, found),
  ])
  const signs = [fields.Heartbeat, fields.StartedAt].flatMap((text) => instantOf(text) ?? [])
  const silentForMs = signs.length === 0 ? undefined : Math.max(0, now - Math.max(...signs))
  return {
    id,
    runtime: isNodeServer(fields) ? 'Node' : '.NET',
    queues,
    ...optional('silentForMs', silentForMs),
    isAlive: silentForMs !== undefined && silentForMs < SILENT_MS,
    fields,
  }
}

export function checkServers(servers: readonly ReadServer[], findings: Findings): void {
  for (const { id, fields, isAlive } of servers) {
    if (pagesBrokenByServer(fields).length > 0) findings.add('SERVER_WITHOUT_START', id)
    else if (!isAlive) findings.add('SERVER_SILENT', id)
    for (const name of Object.keys(fields))
      if (!KNOWN.has(name)) findings.add('UNKNOWN_FIELDS', id, `${name} of a server`)
  }
}

const KNOWN: ReadonlySet<string> = new Set(['WorkerCount', 'StartedAt', 'Heartbeat', 'Holdfast'])

function instantOf(text: string | undefined): number | undefined {
  try {
    return text === undefined ? undefined : decodeDate(text)
  } catch {
    return undefined
  }
}
