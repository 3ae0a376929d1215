/** One process of `idempotency.ts`: `idempotency-worker.ts <contender> <url> <raw>`, messages say what to do. */
import { setTimeout as sleep } from 'node:timers/promises'
import { type Beside, type Throughput, alternate, alternateSlices } from './harness.ts'
import { type JobContender, jobContenders } from './idempotency-contenders.ts'

export type JobTask =
  /** One at a time, beside the raw code: microseconds of the median one. `fresh`: a new key each time; else the same again. */
  | { readonly run: 'sequential'; readonly count: number; readonly fresh: boolean }
  /** So many callers at a time, for so long. */
  | { readonly run: 'parallel'; readonly callers: number; readonly ms: number; readonly fresh: boolean }
  /** So many callers of one key, whose job takes so long. */
  | { readonly run: 'storm'; readonly key: string; readonly callers: number; readonly ms: number }
  /** One fresh run, one replay, or a run with so many written updates of its progress. */
  | { readonly run: 'once'; readonly key: string }
  | { readonly run: 'progress'; readonly updates: number }

export interface JobResults {
  readonly sequential: Beside<number>
  readonly parallel: Beside<Throughput>
  /** How often the job ran here, and when each caller was answered, in ms on the clock of the machine. */
  readonly storm: { readonly ran: number; readonly answeredAt: readonly number[]; readonly refused: number }
  readonly once: unknown
}

const [, , name = '', url = '', rawName = ''] = process.argv

async function contender(of: string): Promise<JobContender> {
  const made = await jobContenders[of]?.(url)
  if (made === undefined) throw new Error(`no contender ${of}`)
  return made
}

const job = await contender(name)
const raw = await contender(rawName)
let keys = 0
const freshKey = (): string => `bench-${process.pid}-${(keys += 1)}`
const clock = (): number => Number(process.hrtime.bigint()) / 1e6

async function sequential(task: Extract<JobTask, { run: 'sequential' }>): Promise<JobResults['sequential']> {
  const operation = async (of: JobContender): Promise<() => Promise<unknown>> => {
    const same = freshKey()
    await of.run(same)
    return () => of.run(task.fresh ? freshKey() : same)
  }
  return alternate(await operation(job), await operation(raw), task.count)
}

async function parallel(task: Extract<JobTask, { run: 'parallel' }>): Promise<JobResults['parallel']> {
  const operation = async (of: JobContender): Promise<(caller: number) => Promise<unknown>> => {
    const same = Array.from({ length: task.callers }, freshKey)
    await Promise.all(same.map((key) => of.run(key)))
    return (caller) => of.run(task.fresh ? freshKey() : (same[caller] ?? ''))
  }
  return alternateSlices(await operation(job), await operation(raw), task)
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
