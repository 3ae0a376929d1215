import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, mkdtempSync, openSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { LockOwnerTask } from './lock-owner.ts'
import type { QueueWorkerTask } from './queue-worker.ts'
import type { WorkerTask } from './worker.ts'
import { type Sight, seen } from './witness.ts'
import { until } from './poll.ts'

/** Worker processes, and the file in which they say what they saw. All of it is gone when it is disposed of. */
export class Processes implements AsyncDisposable {
  readonly #directory: string = mkdtempSync(join(tmpdir(), 'holdfast-e2e-'))
  readonly #witness = join(this.#directory, 'witness')
  readonly #children = new Set<ChildProcess>()

  constructor() {
    closeSync(openSync(this.#witness, 'a'))
  }

  /** A process that is connected, and does nothing before it gets a command. */
  start(task: Omit<WorkerTask, 'witness'>): Promise<ChildProcess> {
    return this.#fork('worker.ts', task)
  }

  /** A process that takes jobs from a queue, with this version of BullMQ. */
  startQueueWorker(task: Omit<QueueWorkerTask, 'witness'>, bullmq: 5 | 6 = 6): Promise<ChildProcess> {
    const preload = bullmq === 5 ? [`--import=${join(import.meta.dirname, 'bullmq5.ts')}`] : []
    return this.#fork('queue-worker.ts', task, preload)
  }

  /** A process that holds these locks, and does nothing else. */
  startLockOwner(task: LockOwnerTask): Promise<ChildProcess> {
    return this.#fork('lock-owner.ts', task)
  }

  async #fork(file: string, task: object, preload: readonly string[] = []): Promise<ChildProcess> {
    const child = fork(
      join(import.meta.dirname, file),
      [JSON.stringify({ ...task, witness: this.#witness })],
      {
        execArgv: ['--conditions=@holdfast/source', '--disable-warning=ExperimentalWarning', ...preload],
      },
    )
    this.#children.add(child)
    await Promise.race([
      once(child, 'message'),
      once(child, 'exit').then(([code]) => {
        throw new Error(`a worker ended with ${code as number} before it began`)
      }),
    ])
    return child
  }

  sights(what?: string): Sight[] {
    return seen(this.#witness, what)
  }

  /** Waits until so many of them have seen it. */
  async until(what: string, count = 1): Promise<Sight[]> {
    return await until(() => {
      const sights = this.sights(what)
      return sights.length >= count ? sights : undefined
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const alive = [...this.#children].filter((child) => child.exitCode === null && child.signalCode === null)
    const gone = alive.map((child) => once(child, 'exit'))
    for (const child of alive) child.kill('SIGKILL')
    await Promise.all(gone)
    rmSync(this.#directory, { recursive: true })
  }
}
