// A separate process: `lock-owner.ts '<LockOwnerTask as JSON>'`, with an IPC channel. It holds locks until it is killed.
import { createHoldfast } from '@holdfast/core'
import { type ClientName, connect } from './connect.ts'

export interface LockOwnerTask {
  readonly client: ClientName
  readonly url: string
  readonly names: readonly string[]
  readonly leaseMs: number
}

const { client, url, names, leaseMs } = JSON.parse(process.argv[2] ?? '') as LockOwnerTask
process.on('disconnect', () => process.exit()) // the process that started this one is gone

const { storage } = await connect(client, url)
const { locks } = createHoldfast({ storage, instance: `owner ${process.pid}`, callTimeoutMs: 60_000 })
await locks.acquireAll(names, { leaseMs })
process.send?.('ready')
