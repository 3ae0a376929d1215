import { execFile, spawn } from 'node:child_process'
import { chmodSync, chownSync, cpSync, mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { freePort } from '../supervised/free-port.ts'
import { SUPERVISE } from '../supervised/supervise.ts'
import { type PostgresBinaries, findPostgres, unpackedIn } from './find-postgres.ts'

const run = promisify(execFile)

export interface RunningPostgres extends AsyncDisposable {
  /** For a client: the user `postgres`, without password, and an empty database of the same name. */
  readonly url: string
  stop(): Promise<void>
}

/** The server refuses to run as root. */
const NOBODY = 65_534
const START_TIMEOUT_MS = 120_000

/**
 * Starts a private PostgreSQL on 127.0.0.1, which keeps its data in a temporary directory. It ends with this process,
 * however that ends.
 *
 * @throws PostgresNotFoundError
 */
export async function startPostgres(): Promise<RunningPostgres> {
  const found = await findPostgres()
  const home = mkdtempSync(join(tmpdir(), 'holdfast-postgres-'))
  const user = process.getuid?.() === 0 ? { uid: NOBODY, gid: NOBODY } : {}
  try {
    chmodSync(home, 0o700)
    if ('uid' in user) chownSync(home, NOBODY, NOBODY)
    const { directory, env } = 'uid' in user ? withinReach(found, home) : found
    const options = { cwd: home, env: { ...process.env, ...env, LC_ALL: 'C' }, ...user }
    const data = join(home, 'data')
    const layout = ['--username', 'postgres', '--auth', 'trust', '--encoding', 'UTF8', '--locale', 'C']
    await run(join(directory, 'initdb'), ['--pgdata', data, '--no-sync', ...layout], options)
    const port = await freePort()
    const settings = {
      listen_addresses: '127.0.0.1',
      port: String(port),
      unix_socket_directories: '',
      fsync: 'off',
      jit: 'off',
      max_connections: '50',
    }
    const command = [join(directory, 'postgres'), '-D', data]
    for (const [name, value] of Object.entries(settings)) command.push('-c', `${name}=${value}`)
    const supervisor = spawn('/bin/sh', ['-c', SUPERVISE, 'holdfast-postgres', home, ...command], {
      ...options,
      stdio: ['pipe', 'pipe', 'pipe'],
      detached: true,
    })
    supervisor.stdin.on('error', () => {}) // closing it is all we do
    const exited = new Promise<void>((resolve) => supervisor.once('close', () => resolve()))
    const pid = await new Promise<number>((resolve, reject) => {
      let log = ''
      const timer = setTimeout(() => reject(new Error(`postgres was not ready:\n${log}`)), START_TIMEOUT_MS)
      const onOutput = (chunk: Buffer): void => {
        log += chunk.toString()
        const supervised = /^supervising (\d+)$/m.exec(log)?.[1]
        if (supervised === undefined || !log.includes('ready to accept connections')) return
        clearTimeout(timer)
        resolve(Number(supervised))
      }
      supervisor.stdout.on('data', onOutput)
      supervisor.stderr.on('data', onOutput)
      void exited.then(() => reject(new Error(`postgres ended instead of starting:\n${log}`)))
    })
    supervisor.unref()
    const stop = async (): Promise<void> => {
      supervisor.ref()
      try {
        process.kill(pid, 'SIGQUIT') // the one way to end at once that leaves no shared memory behind
      } catch {
        // gone already
      }
      await exited
      supervisor.stdin.destroy()
    }
    return { url: `postgres://postgres@127.0.0.1:${port}/postgres`, stop, [Symbol.asyncDispose]: stop }
  } catch (error) {
    rmSync(home, { recursive: true, force: true })
    throw error
  }
}

/** Other users cannot run what root has unpacked below a closed directory, such as its home. They run a copy. */
function withinReach(found: PostgresBinaries, home: string): PostgresBinaries {
  if (found.root === undefined || isOpenToAll(found.root)) return found
  const copy = join(home, 'programs')
  cpSync(found.root, copy, { recursive: true, verbatimSymlinks: true })
  return unpackedIn(copy)
}

function isOpenToAll(directory: string): boolean {
  const parent = dirname(directory)
  return (statSync(directory).mode & 0o001) !== 0 && (parent === directory || isOpenToAll(parent))
}
