import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import type { NodeWorkerTask } from './node-worker.ts'

/** A Node server in a process that a test may kill. It ends with this one. */
export class NodeProcess implements AsyncDisposable {
  readonly #child: ChildProcess

  private constructor(child: ChildProcess) {
    this.#child = child
  }

  /** Settles when it serves. */
  static async start(task: NodeWorkerTask): Promise<NodeProcess> {
    const child = fork(join(import.meta.dirname, 'node-worker.ts'), [JSON.stringify(task)], {
      execArgv: ['--conditions=@holdfast/source', '--no-warnings'],
    })
    await Promise.race([
      once(child, 'message'),
      once(child, 'exit').then(([code]) => {
        throw new Error(`the Node server ended with ${code as number} before it served`)
      }),
    ])
    return new NodeProcess(child)
  }

  async kill(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    const gone = once(this.#child, 'exit')
    this.#child.kill('SIGKILL')
    await gone
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill()
  }
}
