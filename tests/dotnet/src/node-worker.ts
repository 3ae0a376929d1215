// A process with a Node server: `node-worker.ts '<NodeWorkerTask as JSON>'`, with an IPC channel.
import { setTimeout as delay } from 'node:timers/promises'
import { createHoldfast } from '@holdfast/core'
import { createHangfire, handle } from '@holdfast/hangfire-compat'
import { Redis } from 'ioredis'
import { connect } from './connect.ts'
import { nodeWitness } from './node-jobs.ts'

export interface NodeWorkerTask {
  readonly client: 'ioredis' | 'redis'
  readonly url: string
}

const { client, url } = JSON.parse(process.argv[2] ?? '') as NodeWorkerTask
process.on('disconnect', () => process.exit()) // the process that started this one is gone

const connected = await connect(client, url)
const witness = new Redis(url)
const holdfast = createHoldfast({ storage: connected.storage, prefix: 'reviews' })
const hangfire = createHangfire({ client: connected.client })
await hangfire.serve({ queues: ['node'], concurrency: 4, holdfast }, [
  handle(nodeWitness, {}, async ([key, milliseconds]) => {
    await witness.rpush(`began:${key}`, process.pid)
    await delay(milliseconds)
    await witness.rpush(`ended:${key}`, process.pid)
  }),
])
process.send?.('serving')
