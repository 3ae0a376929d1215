import { randomUUID } from 'node:crypto'
import { Redis } from 'ioredis'
import { DotnetPeer, type Generation } from '../peer/dotnet-peer.ts'
import type { Pace } from '../peer/dotnet-process.ts'
import { violations } from './invariants.ts'
import { queueAttribute } from './jobs.ts'
import { type NodeWorkersOptions, Witness, nodeWorkers } from './node-workers.ts'
import { openNode } from './open-node.ts'
import { snapshot } from './snapshot.ts'

/** Often enough for a test. What is judged by age is as long as Hangfire has it. */
const HURRIED = {
  heartbeatMs: 300,
  scanMs: 100,
  checkMs: 50,
  slideMs: 100,
  retryMs: 50,
  busyMs: 10,
  schedulers: { delayed: 50, fetched: 100 },
}
/** What .NET locks for the method of Node's job. */
export const LOCKED = 'INodeJobs.Work'

/** A prefix with a Node server for the queue `node`, and a .NET process. */
export async function openStage(
  url: string,
  generation: Generation,
  options: Partial<NodeWorkersOptions> & { pace?: Pace } = {},
) {
  const { pace, ...rest } = options
  const prefix = `{${randomUUID()}}:`
  const peer = new DotnetPeer(url, generation, { prefix, queueAttribute, ...(pace && { pace }) })
  const node = await openNode(url, prefix)
  const witness = new Witness()
  const admin = new Redis(url)
  const workers = await nodeWorkers(node.context, { witness, times: HURRIED, ...rest })
  return {
    prefix,
    peer,
    witness,
    server: workers.server,
    state: (id: string) => admin.hget(`${prefix}job:${id}`, 'State'),
    /** The id of a job once more, in a queue that .NET serves. */
    async copyTo(queue: string, id: string): Promise<void> {
      await admin.multi().sadd(`${prefix}queues`, queue).lpush(`${prefix}queue:${queue}`, id).exec()
    },
    /** What 1.12.0 leaves of a copy, whose Fetched Node has written: two looks later its watcher puts it back, and it is dropped. */
    async settleCopies(): Promise<void> {
      for (let look = 0; look < 2; look += 1) await peer.schedulers.watchFetched({ checkedMs: -1 })
      await peer.server.runOne(['default'], () => Promise.reject(new Error('a body ran')))
    },
    broken: async () => violations(await snapshot(admin, prefix), { isIdle: true }),
    async [Symbol.asyncDispose]() {
      await workers[Symbol.asyncDispose]()
      await node[Symbol.asyncDispose]()
      peer[Symbol.dispose]()
      admin.disconnect()
    },
  }
}

/** A body that waits until it is let go. */
export function held() {
  let release = (): void => {}
  const released = new Promise<void>((resolve) => {
    release = resolve
  })
  return { body: () => released, release: () => release() }
}
