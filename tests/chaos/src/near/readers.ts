import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { FaultProxy } from '@holdfast/test-support/proxy'
import type { RedisNode } from '@holdfast/test-support/servers'
import type { Judge } from './judge.ts'
import type { FromReader, ReaderOptions, ToReader } from './reader.ts'

/** A process that reads all the time, with near copies, and whose link passes through a network that fails. */
export class Reader {
  readonly client: string
  readonly network: FaultProxy
  readonly #process: ChildProcess
  nearHits = 0
  failed = 0

  private constructor(client: string, network: FaultProxy, process: ChildProcess) {
    this.client = client
    this.network = network
    this.#process = process
  }

  static async start(
    node: RedisNode,
    options: Omit<ReaderOptions, 'port' | 'linkPort'>,
    judge: Judge,
  ): Promise<Reader> {
    const network = await FaultProxy.start({ target: node.address })
    const all: ReaderOptions = { ...options, port: node.port, linkPort: network.port }
    const child = fork(new URL('reader.ts', import.meta.url), [JSON.stringify(all)], {
      execArgv: ['--conditions=@holdfast/source', '--no-warnings'],
    })
    const reader = new Reader(options.client, network, child)
    child.on('message', (said: FromReader) => {
      if (said.kind !== 'reads') return
      reader.nearHits = said.nearHits
      reader.failed = said.failed
      for (const each of said.reads) judge.read(each)
    })
    await once(child, 'message')
    return reader
  }

  /** SIGSTOP, for as long. */
  async stopFor(pause: Promise<void>): Promise<void> {
    this.#process.kill('SIGSTOP')
    await pause
    this.#process.kill('SIGCONT')
  }

  /** All keys, and whether copies count. */
  async readAll(): Promise<Extract<FromReader, { kind: 'all' }>> {
    const answer = new Promise<Extract<FromReader, { kind: 'all' }>>((resolve) => {
      const heard = (said: FromReader): void => {
        if (said.kind !== 'all') return
        this.#process.off('message', heard)
        resolve(said)
      }
      this.#process.on('message', heard)
    })
    const request: ToReader = { kind: 'read-all' }
    this.#process.send(request)
    return await answer
  }

  async end(): Promise<void> {
    this.#process.kill('SIGKILL')
    if (this.#process.exitCode === null && this.#process.signalCode === null)
      await once(this.#process, 'exit')
    await this.network.stop()
  }
}
