import { spawn } from 'node:child_process'
import { mkdtempSync, writeFileSync } from 'node:fs'
import type { Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { until } from '../servers/until.ts'
import { freePort } from '../supervised/free-port.ts'
import { SUPERVISE } from '../supervised/supervise.ts'
import { type ProgramName, findProgram } from './find-programs.ts'

export interface RunningProgram extends AsyncDisposable {
  readonly url: string
  stop(): Promise<void>
}

/**
 * A private Prometheus on 127.0.0.1. `files` are its configuration, by name, with a `prometheus.yml`; they and its data lie
 * in a temporary directory.
 *
 * @throws PrometheusNotFoundError
 */
export async function startPrometheus(files: Readonly<Record<string, string>>): Promise<RunningProgram> {
  const prepare = (): string => {
    const directory = mkdtempSync(join(tmpdir(), 'holdfast-prometheus-'))
    for (const [name, text] of Object.entries(files)) writeFileSync(join(directory, name), text)
    return directory
  }
  const flags = (port: number, directory: string): string[] => [
    `--config.file=${join(directory, 'prometheus.yml')}`,
    `--storage.tsdb.path=${join(directory, 'data')}`,
    `--web.listen-address=127.0.0.1:${port}`,
  ]
  return await start('prometheus', prepare, flags, /ready to receive web requests/)
}

/**
 * Debian's exporter of a Redis, on 127.0.0.1. The metrics of that server are at `/metrics`.
 *
 * @throws PrometheusNotFoundError
 */
export async function startRedisExporter(
  redisUrl: string,
  user?: { readonly name: string; readonly password: string },
): Promise<RunningProgram> {
  const login = user === undefined ? {} : { REDIS_USER: user.name, REDIS_PASSWORD: user.password }
  const flags = (port: number): string[] => [
    '-redis.addr',
    redisUrl,
    '-web.listen-address',
    `127.0.0.1:${port}`,
  ]
  return await start('prometheus-redis-exporter', () => '', flags, /Providing metrics at/, login)
}

/**
 * It ends with this process in any case (see `supervise.ts`), and does not keep the process alive. `prepare` returns a
 * directory that is removed with it, or an empty string.
 */
async function start(
  name: ProgramName,
  prepare: () => string,
  flags: (port: number, directory: string) => readonly string[],
  readyLine: RegExp,
  login: Readonly<Record<string, string>> = {},
): Promise<RunningProgram> {
  const { path, env } = await findProgram(name)
  for (let attemptsLeft = 5; ; attemptsLeft -= 1) {
    const port = await freePort()
    const directory = prepare()
    const program = launch(name, directory, [path, ...flags(port, directory)], { ...env, ...login })
    const url = `http://127.0.0.1:${port}`
    try {
      const ended = program.exited.then(() => Promise.reject(new Error(`${name} ended instead of starting`)))
      // The line in its own log first: what listens on the port may be another process.
      const isReady = async (): Promise<boolean> =>
        readyLine.test(program.log()) && (await fetch(url)).status > 0
      const ready = until(`${name} is ready`, isReady)
      await Promise.race([ready, ended])
      program.letGo()
      return { url, stop: program.stop, [Symbol.asyncDispose]: program.stop }
    } catch (error) {
      await program.stop()
      // Another process may have taken the port since we found it.
      if (attemptsLeft > 1 && /address already in use/i.test(program.log())) continue
      throw new Error(`${name} could not be started:\n${program.log()}`, { cause: error })
    }
  }
}

interface Launched {
  readonly exited: Promise<void>
  stop(): Promise<void>
  /** The end of its log. */
  log(): string
  /** From now on it does not keep this process alive. */
  letGo(): void
}

function launch(
  name: string,
  directory: string,
  command: readonly string[],
  env: Readonly<Record<string, string>>,
): Launched {
  const supervisor = spawn('/bin/sh', ['-c', SUPERVISE, `holdfast-${name}`, directory, ...command], {
    env: { ...process.env, ...env },
    stdio: ['pipe', 'pipe', 'pipe'],
    detached: true,
  })
  supervisor.stdin.on('error', () => {}) // closing it is all we do
  const exited = new Promise<void>((resolve) => supervisor.once('close', () => resolve()))
  let log = ''
  for (const output of [supervisor.stdout, supervisor.stderr]) {
    output.on('data', (chunk: Buffer) => (log = (log + String(chunk)).slice(-10_000)))
  }
  return {
    exited,
    log: () => log,
    async stop() {
      supervisor.ref()
      supervisor.stdin.destroy()
      await exited
    },
    letGo() {
      supervisor.unref()
      for (const stream of [supervisor.stdin, supervisor.stdout, supervisor.stderr])
        (stream as Socket).unref()
    },
  }
}
