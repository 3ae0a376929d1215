import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, mkdtempSync, openSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { CacheStats, GetOrCreateOptions } from '@holdfast/core'
import { until } from '../poll.ts'
import { type Sight, seen } from '../witness.ts'
import type { Actor, LoadSpec, Method } from './actor.ts'
import type { Answer, Ask, CacheWorkerTask } from './worker.ts'

/** Processes with a cache each, and the file in which they say what they load. All of it is gone when it is disposed of. */
export class CacheProcesses implements AsyncDisposable {
  readonly #directory: string = mkdtempSync(join(tmpdir(), 'holdfast-cache-'))
  readonly #witness = join(this.#directory, 'witness')
  readonly #all = new Set<CacheProcess>()

  constructor() {
    closeSync(openSync(this.#witness, 'a'))
  }

  async start(task: Omit<CacheWorkerTask, 'witness'>): Promise<CacheProcess> {
    const child = fork(
      join(import.meta.dirname, 'worker.ts'),
      [JSON.stringify({ ...task, witness: this.#witness })],
      {
        execArgv: ['--conditions=@holdfast/source', '--disable-warning=ExperimentalWarning'],
        // So that undefined is undefined on the other side.
        serialization: 'advanced',
      },
    )
    const started = new CacheProcess(child)
    this.#all.add(started)
    await Promise.race([
      once(child, 'message'),
      once(child, 'exit').then(([code]) => {
        throw new Error(`a cache process ended with ${code as number} before it began`)
      }),
    ])
    return started
  }

  /** The loads of this name that have begun, in all processes. */
  loads(name: string): readonly Sight[] {
    return seen(this.#witness, 'load').filter((sight) => sight['name'] === name)
  }

  aborted(name: string): readonly Sight[] {
    return seen(this.#witness, 'aborted').filter((sight) => sight['name'] === name)
  }

  async untilLoads(name: string): Promise<void> {
    await until(() => this.loads(name).length > 0 || undefined)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#all].map((each) => each.kill()))
    rmSync(this.#directory, { recursive: true })
  }
}

/** An actor in another process. */
export class CacheProcess implements Actor {
  readonly #child: ChildProcess
  readonly #asked = new Map<number, PromiseWithResolvers<unknown>>()
  #id = 0

  constructor(child: ChildProcess) {
    this.#child = child
    child.on('message', (answer: Answer | 'ready') => {
      if (answer === 'ready') return
      const asked = this.#asked.get(answer.id)
      this.#asked.delete(answer.id)
      if ('error' in answer) {
        const { message, code } = answer.error
        asked?.reject(Object.assign(new Error(message), { code }))
      } else asked?.resolve(answer.value)
    })
  }

  get pid(): number | undefined {
    return this.#child.pid
  }

  call(space: string, method: 'stats'): Promise<CacheStats>
  call(space: string, method: Method, ...args: readonly unknown[]): Promise<unknown>
  call(space: string, method: Method, ...args: readonly unknown[]): Promise<unknown> {
    return this.#ask((id) => ({ id, space, method, args }))
  }

  async load(space: string, key: string, load: LoadSpec, options?: GetOrCreateOptions): Promise<unknown> {
    const [value] = await this.loadTimes(1, space, key, load, options)
    return value
  }

  async loadTimes(
    times: number,
    space: string,
    key: string,
    load: LoadSpec,
    options?: GetOrCreateOptions,
  ): Promise<readonly unknown[]> {
    return (await this.#ask((id) => ({ id, space, times, key, load, options }))) as readonly unknown[]
  }

  release(name: string): void {
    this.#child.send({ release: name } satisfies Ask)
  }

  /** SIGSTOP. */
  pause(): void {
    this.#child.kill('SIGSTOP')
  }

  resume(): void {
    this.#child.kill('SIGCONT')
  }

  async kill(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    const gone = once(this.#child, 'exit')
    this.#child.kill('SIGKILL')
    await gone
  }

  #ask(make: (id: number) => Ask): Promise<unknown> {
    const id = (this.#id += 1)
    const asked = Promise.withResolvers<unknown>()
    // One that is killed answers nothing more.
    asked.promise.catch(() => {})
    this.#asked.set(id, asked)
    this.#child.send(make(id))
    return asked.promise
  }
}
