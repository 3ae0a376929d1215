// A separate process: `worker-process.ts '<WorkerTask as JSON>'`, with an IPC channel. It serves the queue `node` until it is
// killed or gets a message to stop, and says what becomes of it.
import { createHoldfast } from '@holdfast/core'
import { serve } from '../../src/server/serve.ts'
import type { ClientName } from '../locks/node-peer.ts'
import { IMPATIENT } from './jobs.ts'
import { witnessedBody } from './witnessed-body.ts'
import { openWorkerStorage } from './worker-storage.ts'

export interface WorkerTask {
  readonly client: ClientName
  readonly url: string
  readonly prefix: string
  readonly name: string
}

/** What it says. */
export type WorkerNews =
  | { readonly type: 'serves'; readonly id: string }
  | { readonly type: 'aborted'; readonly text: string; readonly code: unknown }
  | { readonly type: 'stopped' }
  | { readonly type: 'unhandled'; readonly message: string }

const task = JSON.parse(process.argv[2] ?? '') as WorkerTask
const { prefix, name } = task
process.on('disconnect', () => process.exit()) // the process that started this one is gone

const say = (news: WorkerNews): void => void process.send?.(news)
process.on('unhandledRejection', (error) => say({ type: 'unhandled', message: String(error) }))

const { context, locks, storage, redis, end } = await openWorkerStorage(task)
const holdfast = createHoldfast({ storage, prefix: 'test', instance: name })
const body = witnessedBody({ redis, prefix, name }, (text, reason) => {
  say({ type: 'aborted', text, code: (reason as { code?: unknown }).code })
})
const server = await serve(context, locks, { queues: ['node'], concurrency: 3, holdfast, name }, [body], {
  times: IMPATIENT,
})
process.on('message', () => {
  void server.stop({ graceMs: 60_000 }).then(async () => {
    await holdfast.close()
    await end()
    say({ type: 'stopped' })
    process.removeAllListeners('disconnect')
    process.disconnect()
  })
})
say({ type: 'serves', id: server.id })
