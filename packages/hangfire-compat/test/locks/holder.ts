// A separate process: `holder.ts '<HolderTask as JSON>'`, with an IPC channel. It holds a lock until it is killed, and says
// when it has it, and what it knows when its signal aborts.
import { hasCode } from './has-code.ts'
import { type ClientName, openLocks } from './node-peer.ts'

export interface HolderTask {
  readonly client: ClientName
  readonly url: string
  readonly resource: string
  readonly leaseMs: number
}

/** What it says. */
export type HolderNews =
  | { readonly type: 'holds'; readonly token: string }
  | { readonly type: 'aborted'; readonly isLeaseLost: boolean; readonly outcome: string }

const { client, url, resource, leaseMs } = JSON.parse(process.argv[2] ?? '') as HolderTask
process.on('disconnect', () => process.exit()) // the process that started this one is gone

const say = (news: HolderNews): void => void process.send?.(news)
const { locks } = await openLocks(client, url, { instance: `holder ${process.pid}` })
const lease = await locks.acquire(resource, { leaseMs })
lease.signal.addEventListener('abort', () => {
  const isLeaseLost = hasCode(lease.signal.reason, 'LEASE_LOST')
  void lease.release().then((outcome) => say({ type: 'aborted', isLeaseLost, outcome }))
})
say({ type: 'holds', token: lease.token })
