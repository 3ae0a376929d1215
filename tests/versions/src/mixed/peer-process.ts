import { type ChildProcess, fork } from 'node:child_process'
import type { Endpoint } from '../topologies.ts'
import type { Installed } from './kept.ts'
import type { Library } from './peer/connect.ts'
import type { Call, Operations, PeerTask, Reply } from './peer/main.ts'
import type { Event, SaidError } from './peer/said.ts'

const running = new Set<ChildProcess>()
process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL')
})

/** The error of a call in another process. */
export class PeerError extends Error {
  readonly code: unknown
  readonly reason: unknown

  constructor({ name, message, code, reason, cause }: SaidError) {
    super(message, cause === undefined ? undefined : { cause: new PeerError(cause) })
    this.name = name
    this.code = code
    this.reason = reason
  }
}

/** A process on one version of the packages, which does what the test says. */
export class Peer {
  readonly version: string
  readonly #child: ChildProcess
  readonly #calls = new Map<number, { resolve: (value: never) => void; reject: (error: Error) => void }>()
  readonly #events: Event[] = []
  #listeners: (() => void)[] = []
  #lastId = 0
  #ended: Error | undefined

  private constructor(version: string, child: ChildProcess) {
    this.version = version
    this.#child = child
    child.on('message', (message: 'ready' | Reply | Event) => this.#heard(message))
    child.once('exit', () => {
      running.delete(child)
      this.#ended = new Error(`The process on ${version} has ended.`)
      for (const { reject } of this.#calls.values()) reject(this.#ended)
      this.#wake()
    })
  }

  /** Resolves when it is connected. */
  static async start(
    { version, program, execArgv }: Installed,
    { library, endpoint }: { readonly library: Library; readonly endpoint: Endpoint },
  ): Promise<Peer> {
    const task: PeerTask = { instance: `on ${version}`, library, endpoint }
    const child = fork(program, [JSON.stringify(task)], {
      execArgv: [...execArgv, '--disable-warning=ExperimentalWarning'],
      serialization: 'advanced',
    })
    running.add(child)
    const peer = new Peer(version, child)
    await new Promise<void>((resolve, reject) => {
      child.once('message', () => resolve())
      child.once('exit', (code) => reject(new Error(`The process on ${version} ended with ${code}.`)))
    })
    return peer
  }

  async call<Name extends keyof Operations>(
    operation: Name,
    ...args: Parameters<Operations[Name]>
  ): Promise<Awaited<ReturnType<Operations[Name]>>> {
    if (this.#ended !== undefined) throw this.#ended
    const id = (this.#lastId += 1)
    return await new Promise<Awaited<ReturnType<Operations[Name]>>>((resolve, reject) => {
      this.#calls.set(id, { resolve, reject })
      this.#child.send({ id, operation, args } satisfies Call)
    })
  }

  /** The detail of the next event of that kind about that: one that was heard already, or one to come. */
  async heard<Detail>(event: string, about: string): Promise<Detail> {
    for (;;) {
      const at = this.#events.findIndex((each) => each.event === event && each.about === about)
      const [found] = at === -1 ? [] : this.#events.splice(at, 1)
      if (found !== undefined) return found.detail as Detail
      if (this.#ended !== undefined) throw this.#ended
      await new Promise<void>((resolve) => this.#listeners.push(resolve))
    }
  }

  /** How many events of that kind about that were heard and not taken. */
  count(event: string, about: string): number {
    return this.#events.filter((each) => each.event === event && each.about === about).length
  }

  /** As a crash does, or `kill -9`. */
  async kill(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    const ended = new Promise((resolve) => this.#child.once('exit', resolve))
    this.#child.kill('SIGKILL')
    await ended
  }

  #wake(): void {
    for (const listener of this.#listeners.splice(0)) listener()
  }

  #heard(message: 'ready' | Reply | Event): void {
    if (message === 'ready') return
    if ('event' in message) {
      this.#events.push(message)
      this.#wake()
      return
    }
    const call = this.#calls.get(message.id)
    this.#calls.delete(message.id)
    if ('error' in message) call?.reject(new PeerError(message.error))
    else call?.resolve(message.value as never)
  }
}
