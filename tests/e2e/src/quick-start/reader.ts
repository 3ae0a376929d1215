import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { delimiter, dirname, join } from 'node:path'
import { until } from '../poll.ts'

const examples = join(import.meta.dirname, '../../../../examples')

export interface Ended {
  readonly code: number | null
  /** Both of its outputs. */
  readonly said: string
}

/** The folder of a reader of the quick start, with the programs that he saved. It and its processes end when it is disposed of. */
export class Reader implements AsyncDisposable {
  readonly folder: string
  /** Where Node finds the packages, and the variables of the reader. */
  readonly env: Readonly<Record<string, string>>
  readonly #running = new Set<ChildProcess>()

  constructor(redisUrl: string) {
    mkdirSync(join(examples, '.cache'), { recursive: true })
    this.folder = mkdtempSync(join(examples, '.cache/quick-start-'))
    for (const name of ['report', 'server'])
      copyFileSync(join(examples, `quick-start/${name}.ts`), join(this.folder, `${name}.mjs`))
    this.env = {
      NODE_OPTIONS: `${process.env['NODE_OPTIONS'] ?? ''} --conditions=@holdfast/source --no-warnings`,
      PATH: [dirname(process.execPath), process.env['PATH']].join(delimiter),
      REDIS_URL: redisUrl,
    }
  }

  /** Changes a program as somebody does who makes a mistake; `mistake` must change something. */
  change(program: string, mistake: (text: string) => string): void {
    const path = join(this.folder, program)
    const before = readFileSync(path, 'utf8')
    const after = mistake(before)
    if (after === before) throw new Error(`${program} does not have what was to be changed`)
    writeFileSync(path, after)
  }

  /** Runs a line in a shell, to its end. */
  async run(line: string, env: Readonly<Record<string, string>> = {}): Promise<Ended> {
    const started = this.start(line, env)
    const [code] = (await once(started.child, 'close')) as [number | null]
    return { code, said: started.said() }
  }

  /** Starts a line in a terminal. */
  start(line: string, env: Readonly<Record<string, string>> = {}): Terminal {
    const child = spawn('sh', ['-c', line], {
      cwd: this.folder,
      env: { ...process.env, ...this.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
      // A process group: Ctrl-C goes to all of it.
      detached: true,
    })
    this.#running.add(child)
    child.once('close', () => this.#running.delete(child))
    return new Terminal(child)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const child of this.#running) {
      const gone = once(child, 'close')
      process.kill(-(child.pid ?? 0), 'SIGKILL')
      await gone
    }
    rmSync(this.folder, { recursive: true })
  }
}

/** What runs in the foreground of a terminal. */
export class Terminal {
  readonly child: ChildProcess
  #said = ''

  constructor(child: ChildProcess) {
    this.child = child
    for (const stream of [child.stdout, child.stderr])
      stream?.on('data', (data: Buffer) => (this.#said += String(data)))
  }

  said(): string {
    return this.#said
  }

  /** Resolves when it has said this so many times. */
  async says(what: string, times = 1): Promise<void> {
    await until(() => (this.#said.split(what).length > times ? true : undefined))
  }

  /** Ctrl-C, or what a service manager sends. Resolves when all of it has ended. */
  async end(signal: 'SIGINT' | 'SIGTERM' = 'SIGINT'): Promise<void> {
    const gone = once(this.child, 'close')
    process.kill(-(this.child.pid ?? 0), signal)
    await gone
  }
}

/** Digits that are a free port with each of these digits behind them. */
export async function freePorts(lastDigits: readonly string[]): Promise<string> {
  for (;;) {
    const prefix = String(1_100 + Math.floor(Math.random() * 2_000))
    const free = await Promise.all(lastDigits.map(async (digit) => await isFree(Number(prefix + digit))))
    if (free.every(Boolean)) return prefix
  }
}

async function isFree(port: number): Promise<boolean> {
  return await new Promise((resolve) => {
    const server = createServer().once('error', () => resolve(false))
    server.listen(port, () => server.close(() => resolve(true)))
  })
}
