import { spawn, type ChildProcessByStdio } from 'node:child_process'
import { mkdtempSync } from 'node:fs'
import type { Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Readable, Writable } from 'node:stream'
import { findRedisServer } from './find-redis.ts'
import type { RedisServerBinary } from './server-binary.ts'
import { freePort } from '../supervised/free-port.ts'
import { SUPERVISE } from '../supervised/supervise.ts'

export interface StartRedisOptions {
  /** More arguments of redis-server; they come last, so they override ours. */
  readonly args?: readonly string[]
  /** Path of a unix socket to listen on as well. Default: none. */
  readonly socket?: string
  /** Default: a free port. Give a port to restart a server where an earlier one was. */
  readonly port?: number
  /** Working directory, yours to remove. Default: a temporary one, removed with the server. */
  readonly dir?: string
  /** A configuration file that the server may rewrite, as a sentinel does. Default: none. */
  readonly configFile?: string
  /** The log line that shows that the server is ready. Default: that it accepts connections. */
  readonly readyLine?: RegExp
  /** Default: the server of `findRedisServer()`. */
  readonly binary?: RedisServerBinary
  /** Default: 240,000. A start takes milliseconds, except on a busy machine. */
  readonly startTimeoutMs?: number
}

export interface RunningRedis {
  readonly url: string
  readonly port: number
  readonly socket: string | undefined
  /** Of the server itself, for signals such as SIGSTOP. */
  readonly pid: number
  /** Settles when the server has ended, for any reason. */
  readonly exited: Promise<void>
  /** Ends the server, even one that is stopped or busy. Settles when it has ended; a second call is harmless. */
  stop(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}

/** In the foreground, the log on standard output. */
const SUPERVISED = '--daemonize no --logfile  --loglevel notice'.split(' ')
const NOTHING_ON_DISK = '--save  --appendonly no'.split(' ')

/**
 * Starts a private Redis on 127.0.0.1 that keeps nothing on disk, except what a configuration file says.
 *
 * It ends with this process in any case (see `supervise.ts`), and does not keep the process alive.
 */
export async function startRedis(options: StartRedisOptions = {}): Promise<RunningRedis> {
  const { binary = await findRedisServer() } = options
  for (let attemptsLeft = options.port === undefined ? 5 : 1; ; attemptsLeft--) {
    const port = options.port ?? (await freePort())
    try {
      return await launch({ ...options, binary, port })
    } catch (error) {
      // Between our finding the port and the server's listening on it, someone else may have taken it.
      const portWasTaken = /address already in use/i.test(String(error))
      if (!portWasTaken || attemptsLeft === 1) throw error
    }
  }
}

interface LaunchOptions extends StartRedisOptions {
  readonly binary: RedisServerBinary
  readonly port: number
}

type Supervisor = ChildProcessByStdio<Writable, Readable, Readable>

async function launch(options: LaunchOptions): Promise<RunningRedis> {
  const { binary, port, socket, args = [], startTimeoutMs = 240_000 } = options
  const { readyLine = /ready to accept connections/i } = options
  const temporaryDir = options.dir === undefined ? mkdtempSync(join(tmpdir(), 'holdfast-redis-')) : ''
  const where = ['--bind', '127.0.0.1', '--port', String(port), '--dir', options.dir ?? temporaryDir]
  if (socket !== undefined) where.push('--unixsocket', socket)
  const { configFile } = options
  const [file, disk] = configFile === undefined ? [[], NOTHING_ON_DISK] : [[configFile], []]
  const command = [binary.path, ...file, ...where, ...SUPERVISED, ...disk, ...args]
  const supervisor = spawn('/bin/sh', ['-c', SUPERVISE, 'holdfast-redis', temporaryDir, ...command], {
    env: { ...process.env, ...binary.env },
    stdio: ['pipe', 'pipe', 'pipe'],
    // A separate process group: Ctrl-C ends this process, which then ends the server.
    detached: true,
  })
  supervisor.stdin.on('error', () => {}) // we only close it, and it may be closed already
  const exited = new Promise<void>((resolve) => {
    supervisor.once('close', () => {
      supervisor.stdin.destroy()
      resolve()
    })
  })
  const stop = async () => {
    supervisor.ref()
    supervisor.stdin.destroy()
    await exited
  }

  try {
    const pid = await untilReady(supervisor, readyLine, startTimeoutMs)
    letGo(supervisor)
    const url = `redis://127.0.0.1:${port}`
    return { url, port, socket, pid, exited, stop, [Symbol.asyncDispose]: stop }
  } catch (error) {
    await stop()
    throw error
  }
}

/** Waits for the log line that shows that the server is ready, and returns the server's pid. */
function untilReady(supervisor: Supervisor, readyLine: RegExp, timeoutMs: number): Promise<number> {
  return new Promise((resolve, reject) => {
    let log = ''
    const fail = (reason: string) => finish(() => reject(new Error(`redis-server ${reason}:\n${log}`)))
    const onExit = () => fail('ended instead of starting')
    const timer = setTimeout(() => fail(`was not ready after ${timeoutMs} ms`), timeoutMs)
    const onOutput = (chunk: Buffer) => {
      log += chunk.toString()
      const pid = /^supervising (\d+)$/m.exec(log)?.[1]
      if (pid !== undefined && readyLine.test(log)) finish(() => resolve(Number(pid)))
    }
    const finish = (settle: () => void) => {
      clearTimeout(timer)
      supervisor.off('close', onExit)
      supervisor.stdout.off('data', onOutput)
      supervisor.stderr.off('data', onOutput)
      settle()
    }
    supervisor.once('close', onExit)
    supervisor.once('error', (error) => fail(`could not be run (${error.message})`))
    supervisor.stdout.on('data', onOutput)
    supervisor.stderr.on('data', onOutput)
  })
}

/** Keeps reading the server's log, so that the server does not block, without keeping this process alive. */
function letGo(supervisor: Supervisor): void {
  supervisor.unref()
  for (const stream of [supervisor.stdin, supervisor.stdout, supervisor.stderr]) (stream as Socket).unref()
  supervisor.stdout.resume()
  supervisor.stderr.resume()
}
