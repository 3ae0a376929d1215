import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { FaultProxy } from '../proxy/fault-proxy.ts'
import type { WorkerMessage, WorkerTask } from './worker-main.ts'

const MAIN = join(import.meta.dirname, 'worker-main.ts')

/** A worker ends by itself when its runner has ended, unless it is frozen. */
const living = new Set<ChildProcess>()
process.once('exit', () => {
  for (const child of living) child.kill('SIGKILL')
})

/** A worker that survives kills: a process behind its own proxy, replaced by another when it is killed. */
export class Worker {
  readonly proxy: FaultProxy
  readonly #task: Omit<WorkerTask, 'seed' | 'port'>
  readonly #seed: number
  #child: ChildProcess
  #exited: Promise<unknown>
  #ready: Promise<unknown>
  #calm = false
  #starts = 0

  constructor(proxy: FaultProxy, task: Omit<WorkerTask, 'seed' | 'port'>, seed: number) {
    this.proxy = proxy
    this.#task = task
    this.#seed = seed
    this.#child = this.#start()
    this.#exited = once(this.#child, 'exit')
    this.#ready = this.#begun()
  }

  /** How many processes it has used so far. */
  get starts(): number {
    return this.#starts
  }

  /** SIGKILL, and a new process in its place. */
  async kill(): Promise<void> {
    this.#child.kill('SIGKILL')
    await this.#exited
    this.#child = this.#start()
    this.#exited = once(this.#child, 'exit')
    this.#ready = this.#begun()
  }

  /** Settles when its process has started to work, which takes long on a busy machine. */
  async ready(): Promise<void> {
    await this.#ready
  }

  /** SIGSTOP and SIGCONT. */
  async freeze(ms: number): Promise<void> {
    const child = this.#child
    child.kill('SIGSTOP')
    await delay(ms)
    child.kill('SIGCONT')
  }

  /** Reports that the faults have stopped. */
  calm(): void {
    this.#calm = true
    this.#send('calm')
  }

  /** Asks the process to finish. Returns what was wrong with its end, if anything. */
  async stop(graceMs: number): Promise<string | undefined> {
    this.#send('stop')
    const ended = await Promise.race([this.#exited, delay(graceMs, 'late' as const, { ref: false })])
    if (ended === 'late') {
      this.#child.kill('SIGKILL')
      await this.#exited
    }
    if (ended === 'late')
      return `worker ${this.#task.index} had not ended ${graceMs} ms after it was asked to`
    const { exitCode, signalCode } = this.#child
    return exitCode === 0 ? undefined : `worker ${this.#task.index} ended with ${exitCode ?? signalCode}`
  }

  #start(): ChildProcess {
    // Each process of a run has different random numbers, and the same ones when the run is repeated.
    const seed = this.#seed * 1_000 + this.#starts++
    const task: WorkerTask = { ...this.#task, seed, port: this.proxy.port }
    const child = fork(MAIN, [JSON.stringify(task)], {
      execArgv: ['--conditions=@holdfast/source', '--disable-warning=ExperimentalWarning'],
    })
    living.add(child)
    child.once('exit', () => living.delete(child))
    child.on('error', () => {}) // a message to one that was killed meanwhile
    if (this.#calm) child.once('spawn', () => child.send('calm'))
    return child
  }

  async #begun(): Promise<void> {
    await Promise.race([once(this.#child, 'message'), this.#exited])
  }

  #send(message: WorkerMessage): void {
    if (this.#child.connected) this.#child.send(message)
  }
}
