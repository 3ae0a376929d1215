/** A process, in Node or in .NET, that takes a lock at each command that it reads, and says what happens as lines of JSON. */
import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import type { Readable, Writable } from 'node:stream'

type LockEvent =
  | 'driving'
  | 'acquired'
  | 'enter'
  | 'leave'
  | 'released'
  | 'timeout'
  | 'lost'
  | 'error'
  | 'done'

interface Line {
  readonly event: LockEvent
  /** Milliseconds since 1970. */
  readonly at: number
}

export interface Hold {
  readonly seconds: number
  readonly times?: number
}

export class LockProcess implements AsyncDisposable {
  readonly lines: Line[] = []
  readonly #child: ChildProcessByStdio<Writable, Readable, null>
  readonly #ended: Promise<void>
  /** Those who wait for the next line, or for the end. */
  readonly #waiting = new Set<() => void>()

  constructor(command: string, words: readonly string[]) {
    this.#child = spawn(command, words, { stdio: ['pipe', 'pipe', 'inherit'] })
    this.#child.stdin.on('error', () => {}) // it has ended
    this.#ended = once(this.#child, 'close').then(() => this.#heard())
    createInterface(this.#child.stdout).on('line', (line) => {
      this.lines.push(JSON.parse(line) as Line)
      this.#heard()
    })
    process.once('exit', this.#kill)
  }

  #kill = (): void => void this.#child.kill('SIGKILL')

  #heard(): void {
    const waiting = [...this.#waiting]
    this.#waiting.clear()
    for (const wake of waiting) wake()
  }

  /** Takes the lock, waits up to ten minutes for it, holds it, releases it. */
  hold(name: string, { seconds, times = 1 }: Hold): void {
    this.#child.stdin.write(`lock ${name} ${seconds} --wait 600 --times ${times}\n`)
  }

  /** What it said of an event so far. */
  all(event: LockEvent): Line[] {
    return this.lines.filter((line) => line.event === event)
  }

  /** @returns when it said so, for the first time or for the n-th */
  async until(event: LockEvent, n = 1): Promise<number> {
    for (;;) {
      const line = this.all(event)[n - 1]
      if (line !== undefined) return line.at
      if (this.#child.exitCode !== null || this.#child.signalCode !== null)
        throw new Error(
          `It ended before it said '${event}'. It said: ${JSON.stringify(this.lines.slice(-5))}`,
        )
      await new Promise<void>((resolve) => this.#waiting.add(resolve))
    }
  }

  async kill(): Promise<void> {
    this.#kill()
    await this.#ended
    process.off('exit', this.#kill)
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.kill()
  }
}
