// A process of its own: `worker.ts '<WorkerTask as JSON>'`, with an IPC channel. It says what it saw in a file.
import { type HoldfastError, type StartOptions, createHoldfast } from '@holdfast/core'
import { setTimeout as delay } from 'node:timers/promises'
import { type ClientName, connect } from './connect.ts'
import { tell } from './witness.ts'

export interface WorkerTask {
  readonly client: ClientName
  readonly url: string
  readonly jobKey: string
  readonly options: StartOptions
  readonly witness: string
  /**
   * `work`: takes a moment, and returns. `hang`: saves a checkpoint, and never returns. `freeze`: the same, until it is
   * told to go on after its process was stopped and woken again, and then goes on as if nothing had happened.
   */
  readonly body: 'work' | 'hang' | 'freeze'
}

const task = JSON.parse(process.argv[2] ?? '') as WorkerTask
const { witness } = task
process.on('disconnect', () => process.exit()) // whoever started us is gone

const { storage } = await connect(task.client, task.url)
// Fifty of these may keep each other from the processor: that is no outage.
const holdfast = createHoldfast({ storage, instance: `worker ${process.pid}`, callTimeoutMs: 60_000 })
await storage.time()
const told = async (): Promise<void> =>
  await new Promise((resolve) => process.once('message', () => resolve()))
const go = told()
process.send?.('ready')
await go

try {
  const { status, result, attempt } = await holdfast.idempotency.run(
    'job',
    task.jobKey,
    task.options,
    async (execution) => {
      const { attempt: mine, fencingToken, checkpoint } = execution
      execution.signal.addEventListener('abort', () =>
        tell(witness, 'aborted', { code: (execution.signal.reason as HoldfastError).code }),
      )
      tell(witness, 'ran', { attempt: mine, fencingToken, checkpoint })
      if (task.body === 'work') {
        await delay(50)
        return `of ${process.pid}`
      }
      await execution.saveCheckpoint(`by ${process.pid}`)
      const woken = told()
      tell(witness, 'saved')
      if (task.body === 'hang') await new Promise(() => setInterval(() => {}, 1_000))
      await woken
      // As code does that does not look at its signal.
      await execution
        .updateProgress(99, 'zombie')
        .catch((error: HoldfastError) => tellRefused('progress', error))
      return 'of the zombie'
    },
  )
  tell(witness, 'has', { status, result, attempt })
} catch (error) {
  const { code, current } = error as HoldfastError & { current?: { result: unknown } }
  tell(witness, 'refused', { code, current: current?.result })
}
await holdfast.close()
process.exit()

function tellRefused(what: string, { code }: HoldfastError): void {
  tell(witness, `${what} refused`, { code })
}
