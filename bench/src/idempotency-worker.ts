/** One process of `idempotency.ts`: `idempotency-worker.ts <contender> <url>`, told by messages what to do. */
import { setTimeout as sleep } from 'node:timers/promises'
import { jobContenders } from './idempotency-contenders.ts'

export type JobTask =
  /** One at a time: microseconds of the median one. `fresh`: a new key each time; else the same again. */
  | { readonly run: 'sequential'; readonly count: number; readonly fresh: boolean }
  /** So many callers at a time, for so long. */
  | { readonly run: 'parallel'; readonly callers: number; readonly ms: number; readonly fresh: boolean }
  /** So many callers of one key, whose job takes so long. */
  | { readonly run: 'storm'; readonly key: string; readonly callers: number; readonly ms: number }
  /** One fresh run, one replay, or a run with so many written updates of its progress. */
  | { readonly run: 'once'; readonly key: string }
  | { readonly run: 'progress'; readonly updates: number }

export interface JobResults {
  readonly sequential: number
  readonly parallel: { readonly perSecond: number; readonly cpuMicros: number }
  /** How often the job ran here, and when each caller was answered, in ms on the clock of the machine. */
  readonly storm: { readonly ran: number; readonly answeredAt: readonly number[]; readonly refused: number }
  readonly once: unknown
}

const [, , name = '', url = ''] = process.argv
const contender = await jobContenders[name]?.(url)
if (contender === undefined) throw new Error(`no contender ${name}`)
const job = contender
let keys = 0
const freshKey = (): string => `bench-${process.pid}-${(keys += 1)}`
const clock = (): number => Number(process.hrtime.bigint()) / 1e6

async function sequential({ count, fresh }: Extract<JobTask, { run: 'sequential' }>): Promise<number> {
  const same = freshKey()
  await job.run(same)
  const times: number[] = []
  for (let i = 0; i < count; i += 1) {
    const key = fresh ? freshKey() : same
    const startedAt = performance.now()
    await job.run(key)
    times.push(performance.now() - startedAt)
  }
  return (times.toSorted((a, b) => a - b)[Math.floor(count / 2)] ?? 0) * 1_000
}

async function parallel(task: Extract<JobTask, { run: 'parallel' }>): Promise<JobResults['parallel']> {
  let done = 0
  const same = Array.from({ length: task.callers }, freshKey)
  await Promise.all(same.map((key) => job.run(key)))
  const cpu = process.cpuUsage()
  const startedAt = performance.now()
  await Promise.all(
    same.map(async (own) => {
      while (performance.now() - startedAt < task.ms) {
        await job.run(task.fresh ? freshKey() : own)
        done += 1
      }
    }),
  )
  const { user, system } = process.cpuUsage(cpu)
  return { perSecond: (done * 1_000) / (performance.now() - startedAt), cpuMicros: (user + system) / done }
}

async function storm(task: Extract<JobTask, { run: 'storm' }>): Promise<JobResults['storm']> {
  let ran = 0
  let refused = 0
  const answeredAt: number[] = []
  const body = async (): Promise<string> => {
    ran += 1
    await sleep(task.ms)
    return 'the result'
  }
  await Promise.all(
    Array.from({ length: task.callers }, async () => {
      try {
        await job.attach?.(task.key, body)
        answeredAt.push(clock())
      } catch {
        refused += 1
      }
    }),
  )
  return { ran, answeredAt, refused }
}

async function progress(updates: number): Promise<void> {
  const options = { progressIntervalMs: 0 }
  await job.idempotency?.run('job', freshKey(), options, async (execution) => {
    for (let i = 0; i < updates; i += 1) await execution.updateProgress(i)
  })
}

function perform(task: JobTask): Promise<unknown> {
  switch (task.run) {
    case 'sequential':
      return sequential(task)
    case 'parallel':
      return parallel(task)
    case 'storm':
      return storm(task)
    case 'once':
      return job.run(task.key)
    case 'progress':
      return progress(task.updates)
  }
}

process.on('disconnect', () => process.exit())
process.on('message', (task: JobTask) => {
  perform(task).then(
    (result) => process.send?.({ result }),
    (error: unknown) => process.send?.({ error: String(error) }),
  )
})
process.send?.('ready')
