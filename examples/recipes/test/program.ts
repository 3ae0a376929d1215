import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'

const folder = resolve(import.meta.dirname, '..')
const CLI = '../../packages/cli/src/main.ts'

type Settings = Readonly<Record<string, string>>

/** A recipe as a separate process. What it prints says what it did. */
export class Program {
  readonly lines: string[] = []
  /** The exit code, or the signal that ended it, once all that it printed is in `lines`. */
  readonly ended: Promise<number | NodeJS.Signals>
  readonly #child: ChildProcess
  readonly #news = new EventTarget()
  #isOver = false

  constructor(command: readonly string[], env: Settings) {
    this.#child = spawn(process.execPath, ['--conditions=@holdfast/source', '--no-warnings', ...command], {
      cwd: folder,
      env: { ...process.env, NO_COLOR: '1', ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      if (stream === null) continue
      createInterface({ input: stream }).on('line', (line) => {
        this.lines.push(line)
        this.#news.dispatchEvent(new Event('news'))
      })
    }
    this.ended = once(this.#child, 'close').then(([code, signal]) => {
      this.#isOver = true
      this.#news.dispatchEvent(new Event('news'))
      return (signal ?? code) as number | NodeJS.Signals
    })
  }

  matches(pattern: RegExp): RegExpExecArray[] {
    return this.lines.map((line) => pattern.exec(line)).filter((match) => match !== null)
  }

  /** Resolves with the first `count` lines that match. Rejects when the process ends without them. */
  async until(pattern: RegExp, count = 1): Promise<RegExpExecArray[]> {
    for (;;) {
      const found = this.matches(pattern)
      if (found.length >= count) return found.slice(0, count)
      if (this.#isOver) throw new Error(`no ${count} × ${pattern} in:\n${this.lines.join('\n')}`)
      await once(this.#news, 'news')
    }
  }

  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal)
  }
}

/** The processes of a test, with keys that no other test has. They end with the test. */
export class Programs implements AsyncDisposable {
  readonly prefix: string
  readonly #settings: Settings
  readonly #started: Program[] = []

  constructor(name: string, settings: Settings = {}) {
    this.prefix = `${name}-${process.pid}-${Math.random().toString(36).slice(2, 8)}`
    // On a machine that has much else to do, a slow answer is no outage.
    this.#settings = { HOLDFAST_PREFIX: this.prefix, CALL_TIMEOUT_MS: '60000', ...settings }
  }

  /** `command` is a file with its arguments, and Node's flags before it. */
  start(command: string, settings: Settings = {}): Program {
    return this.#run(command.split(' '), settings)
  }

  #run(command: readonly string[], settings: Settings): Program {
    const program = new Program(command, { ...this.#settings, ...settings })
    this.#started.push(program)
    return program
  }

  three(command: string): readonly [Program, Program, Program] {
    return [this.start(command), this.start(command), this.start(command)]
  }

  /** Runs the commands that a page has for production, on the keys of this test, and resolves with their exit codes. */
  async commandsOf(page: string, settings: Settings = {}): Promise<readonly (number | NodeJS.Signals)[]> {
    const text = readFileSync(join(folder, '../../docs/recipes', `${page}.md`), 'utf8')
    const commands = [...text.matchAll(/^npx @holdfast\/cli (.*?)(?: +#.*)?$/gm)].map(([, words = '']) =>
      [...words.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, word = '']) => quoted ?? word),
    )
    return await Promise.all(commands.map(async (words) => await this.#run([CLI, ...words], settings).ended))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const program of this.#started) program.kill('SIGKILL')
    await Promise.all(this.#started.map(({ ended }) => ended))
  }
}
