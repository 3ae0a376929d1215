import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'

/** Longer than a lease of the page's programs, on a machine that has much else to do. */
const SILENCE_MS = 90_000

/** One terminal: a shell command at a time, whose keys are pressed and whose lines are read. */
export class Terminal {
  readonly #options: { readonly cwd: string; readonly env: NodeJS.ProcessEnv }
  readonly #unread: string[] = []
  readonly #waiting = new Set<() => void>()
  #running: ChildProcessWithoutNullStreams | undefined

  constructor(options: { readonly cwd: string; readonly env: NodeJS.ProcessEnv }) {
    this.#options = options
  }

  /** Starts it when the one before has ended. */
  async type(command: string): Promise<void> {
    await this.ended()
    // The program takes the shell's place, so that signals reach it.
    const child = spawn('sh', ['-c', `exec ${command}`], this.#options)
    this.#running = child
    for (const stream of [child.stdout, child.stderr])
      createInterface(stream).on('line', (line) => {
        this.#unread.push(line)
        this.#wake()
      })
    child.stdin.on('error', () => {}) // it has ended
    child.once('close', () => {
      if (this.#running === child) this.#running = undefined
      this.#wake()
    })
  }

  /** All that a command says, which ends by itself. */
  async say(command: string): Promise<readonly string[]> {
    await this.type(command)
    await this.ended()
    return this.#unread.splice(0)
  }

  enter(): void {
    this.#running?.stdin.write('\n')
  }

  signal(signal: NodeJS.Signals): void {
    this.#running?.kill(signal)
  }

  /** The next line. @returns undefined when the program has ended, or has been silent for too long, before it */
  async read(): Promise<string | undefined> {
    const silence = AbortSignal.timeout(SILENCE_MS)
    const wake = (): void => this.#wake()
    silence.addEventListener('abort', wake)
    while (this.#unread.length === 0 && this.#running !== undefined && !silence.aborted)
      await new Promise<void>((resolve) => this.#waiting.add(resolve))
    silence.removeEventListener('abort', wake)
    return this.#unread.shift()
  }

  /** @returns what it had said that was not read */
  async ended(): Promise<readonly string[]> {
    if (this.#running !== undefined) await once(this.#running, 'close')
    return this.#unread
  }

  async kill(): Promise<void> {
    const ended = this.ended()
    this.signal('SIGKILL')
    await ended
  }

  #wake(): void {
    for (const wake of this.#waiting) wake()
    this.#waiting.clear()
  }
}
