import type { HangfireKeys } from '../wire/keys.ts'
import { type ServerAnnouncement, decodeServer } from '../wire/servers.ts'
import type { Reader } from './reader.ts'
import { type Unreadable, collect } from './unreadable.ts'

/** A server as it announced itself. What it did not say is undefined. */
export interface HangfireServerView extends Partial<ServerAnnouncement> {
  readonly id: string
  /** In the order in which it looks at them. */
  readonly queues: readonly string[]
  readonly unreadable: readonly Unreadable[]
}

export async function readServers(
  reader: Reader,
  keys: HangfireKeys,
): Promise<{ readonly servers: readonly HangfireServerView[]; readonly unreadable: readonly Unreadable[] }> {
  const found = collect()
  const ids = await reader.set(keys.servers, found)
  const servers = await Promise.all(
    ids.toSorted().map(async (id) => {
      const own = collect()
      const [fields, queues] = await Promise.all([
        reader.hash(keys.server(id), own),
        reader.list(keys.serverQueues(id), 0, -1, own),
      ])
      const said = own.attempt(keys.server(id), () => decodeServer(fields), JSON.stringify(fields))
      return { id, ...said, queues, unreadable: own.unreadable }
    }),
  )
  return { servers, unreadable: found.unreadable }
}
