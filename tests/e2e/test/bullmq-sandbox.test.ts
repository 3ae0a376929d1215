import { randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { cancelOnLockLoss } from '@holdfast/bullmq'
import { createHoldfast } from '@holdfast/core'
import { ioredisStorage } from '@holdfast/redis-ioredis'
import { type Job, Queue, Worker } from 'bullmq'
import { Redis } from 'ioredis'
import { describe, it } from 'vitest'
import type { SandboxedWork } from '../src/queue-sandbox.ts'
import { seen } from '../src/witness.ts'

const execArgv = ['--conditions=@holdfast/source', '--disable-warning=ExperimentalWarning']

describe.concurrent('a sandboxed processor of BullMQ', () => {
  it.for([
    ['a child process', { workerForkOptions: { execArgv } }],
    ['a worker thread', { useWorkerThreads: true, workerThreadsOptions: { execArgv } }],
  ] as const)(
    'in %s does the work of a key once, and stops when its lock is lost',
    async ([, options], { expect, onTestFinished }) => {
      const redis = new Redis(process.env['REDIS_URL'] ?? '', { maxRetriesPerRequest: null })
      const holdfast = createHoldfast({ storage: ioredisStorage(redis) })
      const queue = new Queue<SandboxedWork, string>(`sandbox-${randomUUID()}`, { connection: redis })
      const directory = mkdtempSync(join(tmpdir(), 'holdfast-sandbox-'))
      const witness = join(directory, 'witness')
      writeFileSync(witness, '')
      const file = pathToFileURL(join(import.meta.dirname, '../src/queue-sandbox.ts'))
      const worker = new Worker<SandboxedWork, string>(queue.name, file, {
        connection: redis,
        lockDuration: 60_000,
        lockRenewTime: 400,
        stalledInterval: 200,
        drainDelay: 1,
        maxStalledCount: 1_000,
        ...options,
      })
      worker.on('error', () => undefined)
      cancelOnLockLoss(worker)
      onTestFinished(async () => {
        await worker.close()
        await holdfast.close()
        await queue.obliterate({ force: true })
        await queue.close()
        await redis.quit()
        rmSync(directory, { recursive: true })
      })
      const ends = async ({ id = '' }: Job): Promise<Job> => {
        await expect.poll(() => queue.getJobState(id)).toMatch(/^(completed|failed)$/)
        return (await queue.getJob(id)) as Job
      }
      const [once, elsewhere, locked] = Array.from({ length: 3 }, () => randomUUID()) as [
        string,
        string,
        string,
      ]

      const twice = [
        await queue.add('n', { key: once, witness }),
        await queue.add('n', { key: once, witness }),
      ]
      for (const job of twice) {
        const { returnvalue, attemptsMade } = await ends(job)
        expect([returnvalue, attemptsMade]).toEqual(['attempt 1', 1])
      }
      expect(seen(witness, 'ran')).toHaveLength(1)
      expect((await ends(twice[0] as Job)).progress).toEqual({ percentage: 50, message: 'in a sandbox' })

      // While the work runs elsewhere, the job is delayed: the sandbox asks the worker's process to do that.
      const begun = await holdfast.idempotency.begin('sandboxed', elsewhere)
      const duplicate = await queue.add('n', { key: elsewhere, witness })
      await expect.poll(() => queue.getJobState(duplicate.id ?? '')).toBe('delayed')
      if (begun.status === 'started') await begun.execution.markSuccess('by another')
      const { returnvalue, attemptsMade } = await ends(duplicate)
      expect([returnvalue, attemptsMade]).toEqual(['by another', 1])

      const job = await queue.add('n', { key: locked, witness, held: true })
      await expect.poll(() => seen(witness, 'ran')).toHaveLength(2)
      await redis.del(`${job.queueQualifiedName}:${job.id}:lock`)
      expect((await ends(job)).returnvalue).toBe('attempt 1')
      expect(seen(witness, 'aborted')).toMatchObject([{ code: 'JOB_LOCK_LOST' }])
    },
  )
})
