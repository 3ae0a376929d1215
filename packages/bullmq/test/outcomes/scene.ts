import { randomUUID } from 'node:crypto'
import { type ExecutionContext, createHoldfast } from '@holdfast/core'
import { ioredisStorage } from '@holdfast/redis-ioredis'
import { DelayedError, type Job, Queue, Worker } from 'bullmq'
import { Redis } from 'ioredis'
import { vi } from 'vitest'
import { withIdempotency } from '../../src/index.ts'
import { type Attempt, CELLS, type Cell } from './table.ts'

interface Data {
  readonly cell: string
}

/** What was seen of one cell: by those who did the work, and by BullMQ at its end. */
export interface Seen {
  readonly begun: readonly { readonly by: string; readonly execution: number }[]
  readonly done: readonly string[]
  /** The code of each signal that aborted. */
  readonly aborted: readonly unknown[]
  readonly job: Job
  readonly state: string
}

/** So long that none ends by itself, however slow the machine is; and of the owner that has died, so that it ends. */
const LEASE_MS = 30_000
const DEAD_LEASE_MS = 1_500
const PATIENCE_MS = 60_000
const ATTEMPTS_OF: Readonly<Record<Attempt, number>> = { first: 3, retried: 3, last: 2 }

/**
 * All cells at once, as jobs of one queue. Worker `one` has each of them first, and what a cell is about happens there. Then it
 * takes no more, and worker `two` finds the jobs that stall.
 */
export async function playAll(): Promise<ReadonlyMap<Cell, Seen>> {
  const url = process.env['REDIS_URL'] ?? ''
  const redis = new Redis(url, { maxRetriesPerRequest: null })
  const cutOff = new Redis(url)
  cutOff.on('error', () => undefined)
  const ours = createHoldfast({ storage: ioredisStorage(redis) })
  const others = createHoldfast({ storage: ioredisStorage(redis) })
  const dying = createHoldfast({ storage: ioredisStorage(cutOff), callTimeoutMs: 500 })
  const jobType = `work-${randomUUID()}`
  const queue = new Queue<Data, string>(`outcomes-${randomUUID()}`, { connection: redis })
  const sights = new Map(CELLS.map((cell) => [idOf(cell), new Sights(cell)]))
  const all = [...sights.values()]
  const elsewhere = new Map<Sights, ExecutionContext>()

  let hasPassedOn = false

  const beginElsewhere = async (sight: Sights, by = others): Promise<ExecutionContext> => {
    const leaseMs = by === dying ? DEAD_LEASE_MS : LEASE_MS
    const begun = await by.idempotency.begin(jobType, sight.id, { leaseMs })
    if (begun.status !== 'started') throw new Error(`${sight.id} is ${begun.status}`)
    return begun.execution
  }
  const loseLock = async (sight: Sights, job: Job): Promise<void> => {
    await redis.del(`${job.queueQualifiedName}:${job.id}:lock`)
    if (sight.cell.lock === 'stalled') await sight.again.promise
  }

  const processorOf = (by: 'one' | 'two') => {
    const processor = withIdempotency(
      async (job: Job<Data>, _token, signal, execution): Promise<string> => {
        const sight = sights.get(job.data.cell) as Sights
        const { lock, lease } = sight.cell
        sight.begun.push({ by, execution: execution.attempt })
        if (sight.isFirstStart() && (lease === 'lost' || (lease === 'held' && lock !== 'held'))) {
          const aborted = abortOf(signal)
          sight.reached.resolve()
          if (lease === 'lost') {
            await others.idempotency.forget(jobType, sight.id)
            elsewhere.set(sight, await beginElsewhere(sight))
            // What it writes is refused: that is how it learns of it before its next renewal.
            if (lock === 'held') await execution.saveCheckpoint(1).catch(() => undefined)
          }
          if (lock !== 'held') await loseLock(sight, job)
          await aborted
          sight.aborted.push((signal.reason as { code?: unknown }).code)
          throw signal.reason
        }
        sight.done.push('by this job')
        return 'by this job'
      },
      {
        idempotency: ours.idempotency,
        key: (job) => job.data.cell,
        jobType,
        leaseMs: LEASE_MS,
        waitMs: 200,
        maxDelayMs: 500,
      },
    )
    return async (job: Job<Data, string>, token?: string, signal?: AbortSignal): Promise<string> => {
      const sight = sights.get(job.data.cell) as Sights
      const { lock, attempt, lease } = sight.cell
      if (by === 'one' && hasPassedOn) {
        await job.moveToDelayed(Date.now(), token)
        throw new DelayedError()
      }
      sight.deliveries += 1
      if (attempt !== 'first' && sight.deliveries === 1) throw new Error('the attempt before')
      const isFirst = sight.deliveries === (attempt === 'first' ? 1 : 2)
      if (!isFirst) {
        sight.again.resolve()
        return await processor(job, token, signal)
      }
      try {
        if (lock !== 'held' && lease !== 'held' && lease !== 'lost') {
          sight.reached.resolve()
          await loseLock(sight, job)
        }
        return await processor(job, token, signal)
      } finally {
        sight.reached.resolve()
        sight.answered.resolve()
      }
    }
  }
  const start = (by: 'one' | 'two', how: { readonly skipStalledCheck?: boolean } = {}) => {
    const worker = new Worker<Data, string>(queue.name, processorOf(by), {
      connection: redis,
      concurrency: 2 * CELLS.length,
      // None is lost because the machine is slow, and one that is removed is missed at once.
      lockDuration: 60_000,
      lockRenewTime: 400,
      stalledInterval: 200,
      drainDelay: 1,
      maxStalledCount: 1_000,
      ...how,
    })
    // Of jobs whose lock is lost: the cells say what has to come of them.
    worker.on('error', () => undefined)
    return worker
  }

  const workers: Worker[] = []
  try {
    for (const sight of all) {
      const { lease } = sight.cell
      if (lease === 'completed') {
        await others.idempotency.run(jobType, sight.id, () => sight.doneElsewhere())
      }
      if (lease === 'failed') {
        const refused = others.idempotency.begin(jobType, sight.id)
        const begun = await refused
        if (begun.status === 'started')
          await begun.execution.markFailure(new Error('refused before'), { final: true })
      }
      if (lease === 'elsewhere') elsewhere.set(sight, await beginElsewhere(sight))
    }
    await Promise.all(
      all.filter(({ cell }) => cell.lease === 'stalled').map((sight) => beginElsewhere(sight, dying)),
    )
    cutOff.disconnect()

    const jobs = await queue.addBulk(
      all.map(({ id, cell }) => ({
        name: 'work',
        data: { cell: id },
        opts: { attempts: ATTEMPTS_OF[cell.attempt] },
      })),
    )
    const one = start('one', { skipStalledCheck: true })
    workers.push(one)
    await allOf(all, 'reached')
    await allOf(
      all.filter(({ cell }) => cell.lock !== 'stalled'),
      'answered',
    )
    // It may be asking for a job meanwhile, and passes that on.
    hasPassedOn = true
    await one.pause(true)
    workers.push(start('two'))
    await allOf(all, 'answered')
    for (const [sight, execution] of elsewhere) await execution.markSuccess(sight.doneElsewhere())
    await vi.waitUntil(
      async () => {
        const { completed = 0, failed = 0 } = await queue.getJobCounts('completed', 'failed')
        return completed + failed === all.length
      },
      { timeout: PATIENCE_MS, interval: 20 },
    )
    return new Map(
      await Promise.all(
        all.map(async ({ cell, begun, done, aborted }, i) => {
          const id = jobs[i]?.id ?? ''
          const job = (await queue.getJob(id)) as Job
          return [cell, { begun, done, aborted, job, state: await queue.getJobState(id) }] as const
        }),
      ),
    )
  } finally {
    for (const { again } of all) again.resolve()
    await Promise.all(workers.map((worker) => worker.close(true)))
    await queue.obliterate({ force: true })
    await queue.close()
    for (const holdfast of [ours, others, dying]) await holdfast.close()
    await redis.quit()
  }
}

/** What is seen of one cell while it is played. */
class Sights {
  readonly cell: Cell
  readonly id: string
  readonly begun: { readonly by: string; readonly execution: number }[] = []
  readonly done: string[] = []
  readonly aborted: unknown[] = []
  deliveries = 0
  #starts = 0
  /** The first delivery that counts has come to what the cell is about. */
  readonly reached = deferred()
  /** It is over. */
  readonly answered = deferred()
  /** A worker has the job once more: the second one, or the first with a call that was on its way when it paused. */
  readonly again = deferred()

  constructor(cell: Cell) {
    this.cell = cell
    this.id = idOf(cell)
  }

  isFirstStart(): boolean {
    this.#starts += 1
    return this.#starts === 1
  }

  doneElsewhere(): string {
    this.done.push('by another')
    return 'by another'
  }
}

/** For what hangs: which cells are to blame. */
async function allOf(sights: readonly Sights[], what: 'reached' | 'answered'): Promise<void> {
  const missing = new Set(sights)
  for (const sight of sights)
    sight[what].promise.then(
      () => missing.delete(sight),
      () => undefined,
    )
  const none = (): boolean => missing.size === 0
  await vi.waitUntil(none, { timeout: PATIENCE_MS, interval: 20 }).catch(() => {
    throw new Error(`not ${what}: ${[...missing].map(({ id }) => id).join(', ')}`)
  })
}

function idOf({ lock, attempt, lease }: Cell): string {
  return `${lock}/${attempt}/${lease}`
}

function deferred(): { readonly promise: Promise<void>; readonly resolve: () => void } {
  let resolve: () => void = () => undefined
  const promise = new Promise<void>((settle) => {
    resolve = settle
  })
  return { promise, resolve }
}

function abortOf(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
}
