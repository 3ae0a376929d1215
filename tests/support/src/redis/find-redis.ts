import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'
import { fetchRedisServer, isRedisServerFetched } from './fetch-redis.ts'
import { RedisNotFoundError } from './redis-not-found-error.ts'
import type { RedisServerBinary } from './server-binary.ts'

export type FoundRedis =
  | { readonly kind: 'running'; readonly url: string }
  | { readonly kind: 'binary'; readonly binary: RedisServerBinary }

/** A Redis to work with: the one REDIS_URL names, else a program to start a private one with. */
export async function findRedis(): Promise<FoundRedis> {
  const url = process.env['REDIS_URL']
  if (url) return { kind: 'running', url }
  return { kind: 'binary', binary: await findRedisServer() }
}

/** `findRedis` has nothing to download. */
export function isRedisHere(): boolean {
  return Boolean(process.env['REDIS_URL']) || onPath() !== undefined || isRedisServerFetched()
}

/** A server program: `redis-server` or `valkey-server` on PATH, else fetched from Debian's packages. */
export async function findRedisServer(): Promise<RedisServerBinary> {
  const path = onPath()
  if (path) return { path, env: {} }
  try {
    return await fetchRedisServer()
  } catch (cause) {
    throw new RedisNotFoundError(cause)
  }
}

function onPath(): string | undefined {
  return findOnPath('redis-server') ?? findOnPath('valkey-server')
}

function findOnPath(program: string): string | undefined {
  // Debian keeps some servers in sbin, which an ordinary user's PATH may lack.
  const directories = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/local/sbin', '/usr/sbin']
  return directories
    .filter((directory) => directory !== '')
    .map((directory) => join(directory, program))
    .find(isExecutable)
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}
