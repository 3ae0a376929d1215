import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'

const main = join(import.meta.dirname, '../src/main.ts')
const node = ['--conditions=@holdfast/source', '--no-warnings', main]

/** For a shell. */
export const cliCommand: string = quoted([process.execPath, ...node])

function quoted(args: readonly string[]): string {
  return args.map((arg) => `'${arg}'`).join(' ')
}

export interface CliRun {
  readonly code: number
  readonly out: string
  readonly err: string
}

export type Environment = Readonly<Record<string, string>>

/** Of the program: nothing of the machine's Redis. */
export function environment(env: Environment): NodeJS.ProcessEnv {
  const none = {
    REDIS_URL: '',
    HOLDFAST_REDIS_URL: '',
    HOLDFAST_PREFIX: '',
    HOLDFAST_REDIS_PASSWORD: '',
    HOLDFAST_TIMEOUT_MS: '60000',
  }
  const { FORCE_COLOR: _, ...all }: NodeJS.ProcessEnv = { ...process.env, ...none, ...env }
  return all
}

export function startCli(args: readonly string[], env: Environment = {}): ChildProcess {
  return spawn(process.execPath, [...node, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: environment(env),
  })
}

/** Runs the program itself, without a terminal. */
export async function runCli(args: readonly string[], env: Environment = {}): Promise<CliRun> {
  const child = startCli(args, env)
  const ended = once(child, 'close')
  const [out, err] = await Promise.all([text(child.stdout as never), text(child.stderr as never)])
  const [code] = (await ended) as [number]
  return { code, out, err }
}

export interface InTerminal {
  /** Resolves when the terminal has shown it; rejects when the program ended without. */
  shows(what: RegExp): Promise<void>
  press(keys: string): void
  /** The code, and all that was shown. */
  ended: Promise<{ readonly code: number; readonly screen: string }>
}

/** Runs it in a pseudo-terminal: `script` of util-linux makes one. */
export function inTerminal(args: readonly string[], env: Environment = {}): InTerminal {
  const command = `${cliCommand} ${quoted(args)}`
  const child = spawn('script', ['-qec', `stty rows 24 cols 100; exec ${command}`, '/dev/null'], {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: inXterm(environment(env), env),
  })
  let screen = ''
  const waiting = new Set<() => void>()
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    screen += chunk
    for (const look of waiting) look()
  })
  const ended = once(child, 'close').then(([code]) => ({ code: code as number, screen }))
  return {
    ended,
    press: (keys) => void child.stdin.write(keys),
    shows: async (what) => {
      const shown = new Promise<void>((resolve) => {
        const look = (): void => {
          if (!what.test(screen)) return
          waiting.delete(look)
          resolve()
        }
        waiting.add(look)
        look()
      })
      const over = ended.then(() => {
        if (!what.test(screen)) throw new Error(`The program ended without ${String(what)}:\n${screen}`)
      })
      await Promise.race([shown, over])
    },
  }
}

/** Vitest sets variables that switch colours on or off. */
function inXterm(all: NodeJS.ProcessEnv, { NO_COLOR }: Environment): NodeJS.ProcessEnv {
  const own = Object.entries(all).filter(([name]) => !['NO_COLOR', 'FORCE_COLOR', 'CI'].includes(name))
  return { ...Object.fromEntries(own), TERM: 'xterm', ...(NO_COLOR === undefined ? {} : { NO_COLOR }) }
}
