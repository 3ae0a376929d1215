// The process of one worker: `worker-main.ts '<WorkerTask as JSON>'`, started with an IPC channel.
import { Ledger } from './ledger.ts'
import { seeded } from './random.ts'
import { clock, Witness } from './witness.ts'
import type { Workload } from './workload.ts'

export interface WorkerTask {
  readonly workload: string
  readonly index: number
  readonly workers: number
  readonly startedAt: number
  readonly port: number
  readonly seed: number
  readonly witnessPath: string
  readonly ledgerPath: string
}

export type WorkerMessage = 'calm' | 'stop'

const task = JSON.parse(process.argv[2] ?? '') as WorkerTask
const witness = new Witness(task.witnessPath, `worker ${task.index}, process ${process.pid}`)

for (const event of ['uncaughtException', 'unhandledRejection'] as const) {
  process.on(event, (error: unknown) => {
    const what = error instanceof Error ? (error.stack ?? error.message) : String(error)
    witness.record({ type: 'surprise', at: clock(), what: `${event}: ${what}` })
    process.exit(1)
  })
}

const calm = new AbortController()
const stopping = new AbortController()
process.on('message', (message: WorkerMessage) => {
  if (message === 'calm') calm.abort()
  if (message === 'stop') stopping.abort()
})
process.on('disconnect', () => process.exit()) // the parent is gone

const { workload } = (await import(task.workload)) as { workload: Workload }
const ledger = new Ledger(task.ledgerPath)
process.send?.('ready')
await workload.run({
  index: task.index,
  workers: task.workers,
  startedAt: task.startedAt,
  port: task.port,
  random: seeded(task.seed),
  witness,
  ledger,
  calm: calm.signal,
  stopping: stopping.signal,
})
// From here on only a leak of the workload could keep this process alive, and the runner would notice.
ledger.close()
witness.close()
process.removeAllListeners('disconnect')
process.disconnect()
