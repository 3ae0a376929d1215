import { execFile } from 'node:child_process'
import { globSync, readFileSync } from 'node:fs'
import { chmod, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { apt, extractPackages, privateLists } from '../debian/apt.ts'
import { findRedisServer } from '../redis/find-redis.ts'
import type { RedisServerBinary } from '../redis/server-binary.ts'
import { keptDirectory } from '../debian/kept-directory.ts'

const run = promisify(execFile)

/** The Debian suite of each version. Only testing changes: its version is checked, and an error names a different one. */
const suites = {
  'redis-6.2': undefined,
  'redis-7': 'bookworm',
  'redis-8': 'trixie',
  'valkey-8': 'trixie',
  'valkey-9': 'forky',
} as const

export type ServerName = keyof typeof suites

export const serverNames: readonly ServerName[] = Object.keys(suites) as ServerName[]

/** This machine cannot have that server. The message says why. */
export class ServerUnavailableError extends Error {
  readonly code = 'HOLDFAST_TESTBED_SERVER_UNAVAILABLE'
  override readonly name = 'ServerUnavailableError'
}

/**
 * A server program of a named version: the local one if it is that version, else one unpacked from the Debian suite
 * that has it. It is started with that suite's own C library, so it runs on any Linux of the same architecture; the
 * mirror is the one in the machine's own package sources.
 */
export async function findNamedServer(name: ServerName): Promise<RedisServerBinary> {
  const suite = suites[name]
  if (suite === undefined) {
    throw new ServerUnavailableError(`no Debian suite has ${name}: bullseye has Redis 6.0, bookworm 7.0`)
  }
  const atHand = await findRedisServer()
  if (isVersion(name, await versionOf(atHand))) return atHand
  try {
    const home = await keptDirectory(`${name}-${process.platform}-${process.arch}`, async (work) => {
      return await unpackFrom(suite, name, work)
    })
    return { path: join(home, 'start'), env: {} }
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new ServerUnavailableError(`${name} could not be had from Debian's ${suite}: ${reason}`, { cause })
  }
}

/** The version output of a server program, such as `Redis server v=7.0.15 …`. */
export async function versionOf(binary: RedisServerBinary): Promise<string> {
  const { stdout } = await run(binary.path, ['--version'], { env: { ...process.env, ...binary.env } })
  return stdout.trim()
}

async function unpackFrom(suite: string, name: ServerName, work: string): Promise<string> {
  const program = `${name.split('-')[0]}-server`
  await writeFile(join(work, 'sources.list'), debianSource(suite))
  await writeFile(join(work, 'status'), '') // as if nothing were installed, so that apt downloads the libraries as well
  const options = [
    ...privateLists(work),
    `-oDir::Etc::sourcelist=${join(work, 'sources.list')}`,
    '-oDir::Etc::sourceparts=-',
    `-oDir::State::status=${join(work, 'status')}`,
  ]
  await apt(work, ['update', ...options])
  const plan = await apt(work, ['install', '--simulate', '--no-install-recommends', ...options, program])
  const needed = [...plan.matchAll(/^Inst ((?:lib|zlib|redis-|valkey-)\S+)/gm)].map(([, each]) => each ?? '')
  await apt(work, ['download', ...options, ...needed])
  const root = await extractPackages(work)
  await writeFile(join(root, 'start'), startScript(root, program))
  await chmod(join(root, 'start'), 0o755)
  const version = await versionOf({ path: join(root, 'start'), env: {} })
  if (!isVersion(name, version)) throw new Error(`it has ${version}`)
  return root
}

/** The machine's own line for Debian's main archive, with another suite. */
function debianSource(suite: string): string {
  const files = globSync('/etc/apt/{sources.list,sources.list.d/*.{list,sources}}')
  const text = files.map((file) => readFileSync(file, 'utf8')).join('\n')
  const uri = /^(?:URIs:|deb\s(?:\[.*\]\s)?)\s*(\S+\/debian\/?)(?=\s|$)/m.exec(text)?.[1]
  if (uri === undefined) throw new Error('the package sources of this machine name no Debian mirror')
  const key = /signed-by\s*[:=]\s*([^\s\]]*debian-archive[^\s\]]*)/i.exec(text)?.[1]
  return `deb ${key ? `[signed-by=${key}] ` : ''}${uri} ${suite} main\n`
}

/** Starts the program through the C library beside it; `exec` keeps the process id, `--argv0` its name. */
function startScript(root: string, program: string): string {
  const [loader] = globSync('{usr/,}lib{64,}/**/ld-linux-*.so.*', { cwd: root })
  const libraries = globSync('usr/lib/*-linux-gnu*', { cwd: root })
  if (loader === undefined) throw new Error('it brought no C library')
  const path = [...libraries, ...libraries.map((each) => `${each}/systemd`)]
    .map((each) => `$here/${each}`)
    .join(':')
  return `#!/bin/sh
here=$(dirname "$0")
exec "$here/${loader}" --library-path "${path}" --argv0 ${program} "$here/usr/bin/${program}" "$@"
`
}

function isVersion(name: ServerName, version: string): boolean {
  const [kind = '', number = ''] = name.split('-')
  const pattern = new RegExp(`^${kind}.*\\bv=${number.replace('.', '\\.')}\\.`, 'i')
  return pattern.test(version)
}
