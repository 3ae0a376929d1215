import { formatTypeName, looksLikeInterface } from '../wire/type-name.ts'
import type { HangfireJob } from '../jobs/job-definition.ts'
import { collect } from '../monitor/unreadable.ts'
import type { HangfireContext } from '../storage/context.ts'
import { isNodeServer } from '../wire/servers.ts'
import { BoundedMap } from './bounded-map.ts'
import { warn } from './warnings.ts'

/** Which kinds of servers listen on a queue. */
export interface QueueServers {
  readonly dotnet: boolean
  readonly node: boolean
}

export interface ServedQueues {
  /** Warns, in the background, when a job goes to a queue that no server listens on, or only the wrong one. */
  check(job: HangfireJob<readonly unknown[], never>, queue: string): void
}

/** How many queues are remembered: an application that has more gets some warnings again. */
const QUEUES = 1_000
/** How long an answer about the servers of the prefix counts. */
const FRESH_MS = 60_000

/** Reads the servers once a minute at most, no matter how many jobs there are. No call waits for it. */
export function servedQueues(context: HangfireContext): ServedQueues {
  const { keys, runtime } = context
  let asked: { readonly at: number; readonly servers: Promise<ReadonlyMap<string, QueueServers>> } | undefined
  const checked = new BoundedMap<string, number>(QUEUES)

  return {
    check(job, queue) {
      const isInterface = looksLikeInterface(job.type)
      const now = runtime.monotonicNow()
      const kind = isInterface ? `${queue} ${formatTypeName(job.type)}` : queue
      if (now - (checked.get(kind) ?? -Infinity) < FRESH_MS) return
      checked.set(kind, now)
      if (asked === undefined || now - asked.at >= FRESH_MS)
        asked = { at: now, servers: readServers(context) }
      const about = { prefix: keys.prefix, queue }
      asked.servers.then(
        (servers) => {
          const { dotnet, node } = servers.get(queue) ?? { dotnet: false, node: false }
          if (isInterface && dotnet && context.mode === 'shared') {
            const code = 'HANGFIRE_INTERFACE_IN_DOTNET_QUEUE'
            const message = `A .NET server listens on the queue ${queue} of ${formatTypeName(job.type)}, which is an interface: it takes the job, cannot make an instance, and tries ten times. Give the job a queue that only Node listens on.`
            warn({ ...about, code, message })
          } else if (!dotnet && !node) {
            const message = `No server listens on the queue ${queue} of ${formatTypeName(job.type)}: the job waits until one does.`
            warn({ ...about, code: 'HANGFIRE_QUEUE_UNSERVED', message })
          }
        },
        // A caller whose Redis fails gets that error from the call that creates the job.
        () => checked.delete(kind),
      )
    },
  }
}

async function readServers({ reader, keys }: HangfireContext): Promise<ReadonlyMap<string, QueueServers>> {
  const found = collect()
  const servers = new Map<string, QueueServers>()
  const ids = await reader.set(keys.servers, found)
  const announced = await Promise.all(
    ids.map((id) =>
      Promise.all([reader.hash(keys.server(id), found), reader.list(keys.serverQueues(id), 0, -1, found)]),
    ),
  )
  for (const [fields, queues] of announced) {
    const isNode = isNodeServer(fields)
    for (const queue of queues) {
      const { dotnet = false, node = false } = servers.get(queue) ?? {}
      servers.set(queue, { dotnet: dotnet || !isNode, node: node || isNode })
    }
  }
  return servers
}
