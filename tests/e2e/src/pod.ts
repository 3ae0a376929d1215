import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { once } from 'node:events'
import { resolve } from 'node:path'
import type { Readable } from 'node:stream'
import { onTestFinished } from 'vitest'
import { until } from './poll.ts'

const program = resolve(import.meta.dirname, '../../../examples/operations/kubernetes.ts')

/** The process of examples/operations/kubernetes.ts, as a container runs it. */
export class Pod {
  readonly #child: ChildProcessByStdio<null, Readable, null>
  #said = ''

  private constructor(child: ChildProcessByStdio<null, Readable, null>) {
    this.#child = child
    child.stdout.on('data', (data: Buffer) => (this.#said += String(data)))
  }

  /** Resolves when it listens. It ends with the test. */
  static async start(env: Readonly<Record<string, string>>): Promise<Pod> {
    const child = spawn(process.execPath, ['--conditions=@holdfast/source', '--no-warnings', program], {
      env: { ...process.env, PORT: '0', ...env },
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    onTestFinished(() => void child.kill('SIGKILL'))
    const pod = new Pod(child)
    await pod.says(/listening/)
    return pod
  }

  /** What it has said that matches first, as soon as it has. */
  async says(what: RegExp): Promise<RegExpExecArray> {
    return await until(() => what.exec(this.#said) ?? undefined)
  }

  /** The status of a route's answer. */
  async ask(path: string): Promise<number> {
    const [, port] = await this.says(/port: (\d+)/)
    return (await fetch(`http://127.0.0.1:${port}${path}`)).status
  }

  /** SIGTERM, as Kubernetes sends it. Resolves with how the process ended. */
  async terminate(): Promise<{ readonly code: number | null; readonly signal: string | null }> {
    const ended = once(this.#child, 'exit')
    this.#child.kill('SIGTERM')
    const [code, signal] = (await ended) as [number | null, string | null]
    return { code, signal }
  }
}
