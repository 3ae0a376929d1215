import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { once } from 'node:events'
import type { Readable, Writable } from 'node:stream'
import { type EventName, type Said, type SaidOf, says } from './said.ts'

/** Something takes longer than it may: the case has failed. */
const PATIENCE_MS = 120_000

/** A process of the program, and all that it has said. It ends with this one: its standard input closes, or it gets SIGTERM. */
export class DotnetProcess implements AsyncDisposable {
  readonly said: Said[] = []
  readonly #child: ChildProcessByStdio<Writable, Readable, Readable>
  readonly #listeners = new Set<(line: Said) => void>()
  readonly #ended: Promise<void>
  #log = ''

  /** @param program the assembly */
  constructor(program: string, words: readonly string[]) {
    const child = spawn('dotnet', [program, ...words], { stdio: ['pipe', 'pipe', 'pipe'] })
    this.#child = child
    this.#ended = once(child, 'close').then(() => {})
    child.stdin.on('error', () => {}) // it has ended
    child.stderr.setEncoding('utf8').on('data', (text: string) => (this.#log += text))
    let rest = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      const lines = (rest + text).split('\n')
      rest = lines.pop() ?? ''
      for (const line of lines) this.#hear(JSON.parse(line) as Said)
    })
    process.once('exit', this.#kill)
  }

  #kill = (): void => void this.#child.kill('SIGKILL')

  #hear(line: Said): void {
    this.said.push(line)
    for (const listener of this.#listeners) listener(line)
  }

  /** All that it said of an event so far. */
  all<E extends EventName>(event: E): SaidOf<E>[] {
    return this.said.filter(says(event))
  }

  onLine(listener: (line: Said) => void): void {
    this.#listeners.add(listener)
  }

  write(line: string): void {
    this.#child.stdin.write(`${line}\n`)
  }

  /**
   * The first line that matches, from the start or from a place in `said`.
   *
   * @throws when the process ends before it, or takes longer than `withinMs` (2 minutes)
   */
  async until<E extends EventName>(
    event: E,
    matches: (line: SaidOf<E>) => boolean = () => true,
    { from = 0, withinMs = PATIENCE_MS }: { readonly from?: number; readonly withinMs?: number } = {},
  ): Promise<SaidOf<E>> {
    const isEvent = says(event)
    const isIt = (line: Said): line is SaidOf<E> => isEvent(line) && matches(line)
    const already = this.said.slice(from).find(isIt)
    if (already !== undefined) return already
    const { promise, resolve, reject } = Promise.withResolvers<SaidOf<E>>()
    const listener = (line: Said): void => {
      if (isIt(line)) resolve(line)
    }
    const fail = (why: string): void =>
      reject(
        new Error(
          `${why} before it said '${event}'. It said:\n${this.said
            .slice(-20)
            .map((line) => JSON.stringify(line))
            .join('\n')}\n${this.#log}`,
        ),
      )
    this.#listeners.add(listener)
    const timer = setTimeout(() => fail(`the program took more than ${withinMs} ms`), withinMs)
    void this.#ended.then(() => fail('the program ended'))
    return await promise.finally(() => {
      clearTimeout(timer)
      this.#listeners.delete(listener)
    })
  }

  /** SIGTERM: in order. */
  async stop(signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM'): Promise<void> {
    this.#child.kill(signal)
    await this.#ended
    process.off('exit', this.#kill)
  }

  /** For SIGSTOP and SIGCONT. */
  signal(signal: 'SIGSTOP' | 'SIGCONT'): void {
    this.#child.kill(signal)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop('SIGKILL')
  }
}
