// A separate process: `worker.ts '<WorkerTask as JSON>'`, with an IPC channel. It says what it saw in a file.
import {
  type ExecutionContext,
  type HoldfastError,
  type Slot,
  type StartOptions,
  createHoldfast,
} from '@holdfast/core'
import { setTimeout as delay } from 'node:timers/promises'
import { type ClientName, connect } from './connect.ts'
import { record } from './witness.ts'

export interface WorkerTask {
  readonly client: ClientName
  readonly url: string
  readonly jobKey: string
  readonly options: StartOptions
  /** It fires for this slot of a schedule, and `options` are those of `oncePerSlot`. */
  readonly slot?: Slot
  readonly witness: string
  /**
   * `work`: takes a moment, and returns. `hang`: saves a checkpoint, and never returns. `freeze`: the same, until the test
   * resumes it after its process was stopped and continued; then it continues as if nothing had happened. `firstHangs`:
   * the first attempt hangs, in any process, and later ones work.
   */
  readonly body: 'work' | 'hang' | 'freeze' | 'firstHangs'
}

const task = JSON.parse(process.argv[2] ?? '') as WorkerTask
const { witness } = task
process.on('disconnect', () => process.exit()) // the parent is gone

const { storage } = await connect(task.client, task.url)
// Fifty of these may keep each other from the processor: that is no outage.
const holdfast = createHoldfast({ storage, instance: `worker ${process.pid}`, callTimeoutMs: 60_000 })
await storage.time()
const told = async (): Promise<void> =>
  await new Promise((resolve) => process.once('message', () => resolve()))
const go = told()
process.send?.('ready')
await go

const work = async (execution: ExecutionContext): Promise<string> => {
  const { attempt: mine, fencingToken, checkpoint } = execution
  execution.signal.addEventListener('abort', () =>
    record(witness, 'aborted', { code: (execution.signal.reason as HoldfastError).code }),
  )
  record(witness, 'ran', { attempt: mine, fencingToken, checkpoint })
  if (task.body === 'work' || (task.body === 'firstHangs' && mine > 1)) {
    await delay(50)
    return `of ${process.pid}`
  }
  await execution.saveCheckpoint(`by ${process.pid}`)
  const woken = told()
  record(witness, 'saved')
  if (task.body !== 'freeze') await new Promise(() => setInterval(() => {}, 1_000))
  await woken
  // As code does that does not look at its signal.
  await execution.updateProgress(99, 'zombie').catch((error: HoldfastError) => tellRefused('progress', error))
  return 'of the zombie'
}

const { idempotency } = holdfast
try {
  if (task.slot === undefined) {
    const { status, result, attempt } = await idempotency.run('job', task.jobKey, task.options, work)
    record(witness, 'has', { status, result, attempt })
  } else {
    const { onInProgress: _, ...options } = task.options
    const outcome = await idempotency.oncePerSlot(task.jobKey, task.slot, options, work)
    const result = outcome.status === 'executed' ? outcome.result : outcome.snapshot?.result
    record(witness, 'has', { status: outcome.status, result })
  }
} catch (error) {
  const { code, current } = error as HoldfastError & { current?: { result: unknown } }
  record(witness, 'refused', { code, current: current?.result })
}
await holdfast.close()
process.exit()

function tellRefused(what: string, { code }: HoldfastError): void {
  record(witness, `${what} refused`, { code })
}
