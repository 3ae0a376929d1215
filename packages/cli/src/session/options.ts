import { readFileSync } from 'node:fs'
import {
  CLIENTS,
  type ClientName,
  type RedisTarget,
  type TlsFiles,
  parseRedisUrl,
} from '@holdfast/redis-connect'
import { Exit, exitCodes } from '../exit.ts'

/** The options of every command that talks to Redis, as the command line has them. */
export interface ConnectionOptions {
  readonly url?: string | undefined
  readonly prefix: string
  readonly client?: ClientName | undefined
  readonly timeoutMs: number
  readonly tlsCa?: string | undefined
  readonly tlsCert?: string | undefined
  readonly tlsKey?: string | undefined
  readonly json?: boolean | undefined
}

export const CLIENT_NAMES: readonly ClientName[] = CLIENTS

/**
 * Which Redis: `--url`, else `HOLDFAST_REDIS_URL`, else `REDIS_URL`. `HOLDFAST_REDIS_PASSWORD` is the password of a URL without one.
 *
 * @throws Exit for a password on the command line, which every user of the machine sees
 */
export function targetOf({ url: given }: Pick<ConnectionOptions, 'url'>): RedisTarget {
  const { HOLDFAST_REDIS_URL, REDIS_URL, HOLDFAST_REDIS_PASSWORD } = process.env
  const url = given ?? (HOLDFAST_REDIS_URL || REDIS_URL)
  if (url === undefined || url === '')
    throw new Exit(
      exitCodes.badUse,
      'Which Redis? Set HOLDFAST_REDIS_URL or REDIS_URL, or pass --url redis://host:port without a password.',
    )
  const target = parseRedisUrl(url)
  if (given !== undefined && (target.password ?? target.sentinel?.password) !== undefined)
    throw new Exit(
      exitCodes.badUse,
      'Every user of this machine sees a password on the command line: put the URL into HOLDFAST_REDIS_URL, or the password into HOLDFAST_REDIS_PASSWORD.',
    )
  if (target.password !== undefined || !HOLDFAST_REDIS_PASSWORD) return target
  return { ...target, password: HOLDFAST_REDIS_PASSWORD }
}

export function tlsOf({ tlsCa, tlsCert, tlsKey }: ConnectionOptions): TlsFiles {
  return {
    ...(tlsCa === undefined ? {} : { ca: read(tlsCa, '--tls-ca') }),
    ...(tlsCert === undefined ? {} : { cert: read(tlsCert, '--tls-cert') }),
    ...(tlsKey === undefined ? {} : { key: read(tlsKey, '--tls-key') }),
  }
}

function read(file: string, option: string): Buffer {
  try {
    return readFileSync(file)
  } catch (error) {
    throw new Exit(exitCodes.badUse, `${option} cannot be read: ${(error as Error).message}`)
  }
}
