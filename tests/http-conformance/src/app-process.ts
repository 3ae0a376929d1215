import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { connect } from 'node:net'
import { createInterface } from 'node:readline'
import { setTimeout as delay } from 'node:timers/promises'
import { freePort } from '@holdfast/test-support/servers'
import type { AppProcess } from './target.ts'

export interface AppCommand {
  /** Run by the Node that runs this process. */
  readonly args: readonly string[]
  readonly env?: Readonly<Record<string, string>>
}

/** Commands for a shell. All get `PORT` and `PID` in their environment, `start` without `PID`. */
export interface ShellCommands {
  /** Starts the app and stays in the foreground. The app listens on `PORT`, or prints `listening <url>`. */
  readonly start: string
  /** Default: SIGSTOP, to all processes of `start`. */
  readonly pause?: string | undefined
  /** Default: SIGCONT. */
  readonly resume?: string | undefined
  /** Default: SIGKILL. */
  readonly kill?: string | undefined
}

export interface StartedApp extends AppProcess {
  /** Whether its process has ended. */
  readonly ended: boolean
}

/** The runner kills an app that takes longer than this to end. */
const CLOSE_MS = 10_000
/** The user's kill command has this long. */
const KILL_MS = 5_000
const LOOK_MS = 20

/**
 * Runs an app that prints `listening <url>` when it is ready, and closes on SIGTERM. Its other output goes to ours. The
 * app is killed when this process ends.
 */
export function startAppProcess({ args, env = {} }: AppCommand): Promise<StartedApp> {
  const child = spawn(process.execPath, args, {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const signal = (name: NodeJS.Signals): void => void child.kill(name)
  return started(child, { signal, destroy: () => signal('SIGKILL') })
}

/** Runs an app with the user's commands; see {@link ShellCommands}. `quiet` drops its output. */
export async function startByCommand(
  { start, pause, resume, kill }: ShellCommands,
  env: Readonly<Record<string, string>>,
  quiet: boolean,
): Promise<StartedApp> {
  const port = await freePort()
  const known = { ...process.env, ...env, PORT: String(port) }
  // A separate process group, so that a signal reaches every process that the shell starts.
  const child = spawn('/bin/sh', ['-c', start], {
    env: known,
    stdio: ['ignore', 'pipe', quiet ? 'ignore' : 'inherit'],
    detached: true,
  })
  const pid = child.pid ?? 0
  const own: Partial<Record<NodeJS.Signals, string | undefined>> = {
    SIGSTOP: pause,
    SIGCONT: resume,
    SIGKILL: kill,
  }
  const send = (name: NodeJS.Signals): void => {
    try {
      process.kill(-pid, name)
    } catch {
      // The process has ended already.
    }
  }
  const signal = (name: NodeJS.Signals): void => {
    const command = own[name]
    if (command === undefined) return send(name)
    spawn('/bin/sh', ['-c', command], { env: { ...known, PID: String(pid) }, stdio: 'ignore' })
  }
  return started(child, { signal, destroy: () => send('SIGKILL') }, port, quiet)
}

interface Signals {
  readonly signal: (name: NodeJS.Signals) => void
  /** Sends SIGKILL, even if the user gave a command for it. */
  readonly destroy: () => void
}

async function started(
  child: ChildProcess,
  { signal, destroy }: Signals,
  port?: number,
  quiet = false,
): Promise<StartedApp> {
  let ended = false
  const exited = once(child, 'exit')
  process.once('exit', destroy)
  void exited.then(() => {
    ended = true
    process.off('exit', destroy)
  })
  const endsWithin = async (ms: number): Promise<boolean> => {
    const waited = new AbortController()
    await Promise.race([exited, delay(ms, undefined, { ref: false, signal: waited.signal }).catch(() => {})])
    waited.abort()
    return ended
  }
  const url = await Promise.race([
    listeningUrl(child, quiet),
    ...(port === undefined ? [] : [listeningOn(port, () => ended)]),
    exited.then(([code, name]) => {
      throw new Error(`the app ended (${code ?? name}) before it listened`)
    }),
  ])
  const kill = async (): Promise<void> => {
    signal('SIGKILL')
    if (await endsWithin(KILL_MS)) return
    console.error(`The command that kills the app did not end it within ${KILL_MS} ms; it was sent SIGKILL.`)
    destroy()
    await exited
  }
  return {
    url,
    get ended() {
      return ended
    },
    kill,
    async close() {
      if (ended) return
      signal('SIGTERM')
      signal('SIGCONT')
      if (!(await endsWithin(CLOSE_MS))) await kill()
    },
    pause: () => signal('SIGSTOP'),
    resume: () => signal('SIGCONT'),
  }
}

async function listeningUrl({ stdout }: ChildProcess, quiet: boolean): Promise<string> {
  for await (const line of stdout === null ? [] : createInterface({ input: stdout })) {
    const url = /^listening (\S+)$/.exec(line)?.[1]
    if (url !== undefined) {
      stdout?.resume()
      return url
    }
    if (!quiet) console.log(line)
  }
  // Never settles: the exit of the process decides the race.
  return new Promise(() => undefined)
}

async function listeningOn(port: number, isOver: () => boolean): Promise<string> {
  while (!isOver()) {
    if (await accepts(port)) return `http://127.0.0.1:${port}`
    await delay(LOOK_MS)
  }
  return new Promise(() => undefined)
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.once('connect', () => resolve(true))
    socket.once('error', () => resolve(false))
    socket.once('connect', () => socket.destroy())
  })
}
