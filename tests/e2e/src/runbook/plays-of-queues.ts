import { once } from 'node:events'
import { withIdempotency } from '@holdfast/bullmq'
import { type Job, Queue, Worker } from 'bullmq'
import { expect } from 'vitest'
import { type Play, becomes } from './stage.ts'

type QueueCode = 'JOB_LOCK_LOST'

export const PLAYS_OF_QUEUES: Readonly<Record<QueueCode, Play>> = {
  async JOB_LOCK_LOST(stage) {
    const connection = { host: '127.0.0.1', port: stage.node.port }
    const queue = new Queue('invoices', { connection })
    const seen: unknown[] = []
    const draw = withIdempotency(
      async (_job: Job<{ orderId: string }>, _token, signal): Promise<string> => {
        if (seen.length > 0) return 'INV-42'
        const aborted = once(signal, 'abort')
        await stage.node.ask('DEL', 'bull:invoices:1:lock')
        await aborted
        seen.push(signal.reason)
        throw signal.reason
      },
      { idempotency: stage.open().idempotency, key: ({ data }) => data.orderId },
    )
    const worker = new Worker('invoices', draw, {
      connection,
      lockDuration: 600,
      stalledInterval: 300,
      maxStalledCount: 1_000,
      drainDelay: 1,
    })
    worker.on('error', () => undefined) // that it could not renew the lock
    stage.atEnd(() => queue.close())
    stage.atEnd(() => worker.close())
    const job = await queue.add('invoice', { orderId: '42' })
    await becomes(async () => (await queue.getJobState(job.id ?? '')) === 'completed')
    expect(seen).toEqual([expect.objectContaining({ code: 'JOB_LOCK_LOST' })])
    expect((await stage.run('PTTL')).trim()).toBe('-2')
    expect((await stage.run('HMGET')).trim().split('\n')).toEqual(['1', '2', '1'])
    expect(await stage.run("job 'invoices")).toContain('"completed"')
    expect(await stage.run('jobs list')).toContain('completed')
  },
}
