import { announceServer, withdrawServer } from './announce.ts'
import { encodeDate } from '../wire/dates.ts'
import type { HangfireContext } from '../storage/context.ts'
import type { ServerContext } from './server-context.ts'

/** What Redis has of a server: it is announced in full before it takes a job, and again whenever it was removed. */
export interface Presence {
  /** Announces the server, or says that it lives. */
  announce(): Promise<void>
  withdraw(): Promise<void>
}

export function presenceOf(
  server: Pick<ServerContext, 'storage' | 'dialect' | 'serverId' | 'queues' | 'publish'>,
  workerCount: number,
): Presence {
  const { storage, dialect, serverId, queues, publish } = server
  const keys = keysOf(storage, serverId)
  let startedAt: string | undefined
  return {
    async announce() {
      const now = encodeDate(Math.floor(await storage.now()), dialect.dates)
      startedAt ??= now
      const reply = await storage.run(
        announceServer,
        keys,
        [serverId, startedAt, now, String(workerCount), queues.join(',')],
        String,
      )
      if (reply === 'A') publish({ type: 'announced' })
    },
    async withdraw() {
      await storage.run(withdrawServer, keys, [serverId], String)
    },
  }
}

function keysOf(
  { keys }: HangfireContext,
  serverId: string,
): [servers: string, server: string, queues: string] {
  return [keys.servers, keys.server(serverId), keys.serverQueues(serverId)]
}
