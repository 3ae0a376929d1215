import { randomUUID } from 'node:crypto'
import { BullModule, Processor, WorkerHost, getQueueToken } from '@nestjs/bullmq'
import { Scope } from '@nestjs/common'
import { Test } from '@nestjs/testing'
import { type Job, type Queue, QueueEvents } from 'bullmq'
import { memoryStorage } from '@holdfast/core'
import { HoldfastModule, IdempotentJob, Locked, Locks, currentExecution, currentLease } from '@holdfast/nest'
import { expect, it } from 'vitest'
import { deferred } from './deferred.ts'

const connection = { url: process.env['REDIS_URL'] ?? '' }

async function appWith(queue: string, processor: new (...args: never[]) => WorkerHost) {
  const app = await Test.createTestingModule({
    imports: [
      HoldfastModule.forRoot({ storage: memoryStorage() }),
      BullModule.forRoot({ connection }),
      BullModule.registerQueue({ name: queue }),
    ],
    providers: [processor],
  }).compile()
  await app.init()
  const events = new QueueEvents(queue, { connection })
  await events.waitUntilReady()
  return { app, queue: app.get<Queue>(getQueueToken(queue)), events }
}

it('decorated BullMQ processors run once for each key, under their lock', async () => {
  const name = `invoices-${randomUUID()}`
  let runs = 0

  @Processor(name, { concurrency: 4 })
  class Invoices extends WorkerHost {
    @Locked((job: Job<{ invoice: string }>) => `invoice:${job.data.invoice}`)
    @IdempotentJob('invoice', (job: Job<{ invoice: string }>) => job.data.invoice)
    override async process(job: Job<{ invoice: string }>): Promise<string> {
      runs += 1
      return `${job.data.invoice} ${currentLease()?.name} ${currentExecution()?.attempt}`
    }
  }

  const { app, queue, events } = await appWith(name, Invoices)
  // The same work, three times under different job ids: what BullMQ's own de-duplication does not see.
  const jobs = await Promise.all(['a', 'a', 'a', 'b'].map((invoice) => queue.add('make', { invoice })))
  const results: unknown[] = await Promise.all(jobs.map((job) => job.waitUntilFinished(events)))
  expect(results).toEqual([...Array<string>(3).fill('a invoice:a 1'), 'b invoice:b 1'])
  expect(runs).toBe(2)
  await events.close()
  await app.close()
})

it('also request-scoped ones, and an app that closes lets them finish', async () => {
  const name = `scoped-${randomUUID()}`
  const begun = deferred()
  const gate = deferred()
  const seen: unknown[] = []

  @Processor({ name, scope: Scope.REQUEST })
  class Scoped extends WorkerHost {
    @Locked('scoped', { leaseMs: 2_000 })
    override async process(): Promise<void> {
      begun.resolve()
      await gate.promise
      seen.push(currentLease()?.name)
    }
  }

  const { app, queue, events } = await appWith(name, Scoped)
  await queue.add('make', {})
  await begun.promise
  expect((await app.get(Locks).inspect('scoped')).holders).toHaveLength(1)
  const closed = app.close()
  gate.resolve()
  await closed
  expect(seen).toEqual(['scoped'])
  await events.close()
})
