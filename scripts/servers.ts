/**
 * Which servers the tests have found, as a file that is part of the hash of every cached test (turbo.json): a test that
 * passed over another server does not count.
 */
import { execFile } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { findChromium, isChromiumHere } from '@holdfast/test-support/chromium'
import { findPostgres, isPostgresHere } from '@holdfast/test-support/postgres'
import { type ProgramName, findProgram, isProgramHere } from '@holdfast/test-support/prometheus'
import { findRedis, isRedisHere } from '@holdfast/test-support/redis'
import { Redis } from 'ioredis'

const file = resolve(import.meta.dirname, '../node_modules/.cache/holdfast/servers.json')

/** Looks again, and returns what it found, a line each. Downloads nothing. */
export async function noteServers(): Promise<readonly string[]> {
  const found = {
    redis: isRedisHere() ? await version(redis) : 'not here yet',
    postgres: isPostgresHere() ? await version(postgres) : 'not here yet',
    prometheus: await program('promtool'),
    redisExporter: await program('prometheus-redis-exporter'),
    chromium: isChromiumHere() ? await version(chromium) : 'not here yet',
  }
  const text = `${JSON.stringify(found, undefined, 2)}\n`
  if (text !== noted()) {
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, text)
  }
  return [
    `Redis: ${found.redis}`,
    `PostgreSQL: ${found.postgres}`,
    `Prometheus: ${found.prometheus}`,
    `Chromium: ${found.chromium}`,
  ]
}

function noted(): string | undefined {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return undefined
  }
}

/** A server that does not say its version gets the error as one: what passes then does not count for any other. */
async function version(of: () => Promise<string>): Promise<string> {
  return await of().catch((error: unknown) => String(error))
}

async function redis(): Promise<string> {
  const found = await findRedis()
  if (found.kind === 'binary') return await versionOf(found.binary.path, found.binary.env)
  const client = new Redis(found.url, { retryStrategy: () => null, lazyConnect: true })
  client.on('error', () => {}) // the command rejects with it
  const info = await client.info('server').finally(() => client.disconnect())
  const facts = ['redis_version', 'valkey_version', 'redis_mode'].map(
    (name) => new RegExp(`^${name}:(.*?)\\r?$`, 'm').exec(info)?.[1],
  )
  return `${facts.filter((fact) => fact !== undefined).join(' ')} behind REDIS_URL`
}

async function postgres(): Promise<string> {
  const { directory, env } = await findPostgres()
  return await versionOf(join(directory, 'postgres'), env)
}

async function chromium(): Promise<string> {
  const { path, env } = await findChromium()
  return await versionOf(path, env)
}

async function program(name: ProgramName): Promise<string> {
  if (!isProgramHere(name)) return 'not here yet'
  return await version(async () => {
    const { path, env } = await findProgram(name)
    return await versionOf(path, env)
  })
}

async function versionOf(program: string, env: Readonly<Record<string, string>>): Promise<string> {
  const options = { env: { ...process.env, ...env } }
  const { stdout, stderr } = await promisify(execFile)(program, ['--version'], options)
  // One of them logs its version, with the time.
  const [line = ''] = (stdout || stderr)
    .trim()
    .replace(/^time="\S*" /, '')
    .split('\n')
  return `${line}, ${program}`
}

if (import.meta.main) await noteServers()
