import type { Finding } from './finding.ts'

/** What one server said of itself; absent where it did not let us look. */
export interface ServerFacts {
  readonly name: string
  readonly info: Readonly<Record<string, string>> | undefined
  /** The configured snapshots; '' for none. */
  readonly save: string | undefined
  readonly clock: { readonly before: number; readonly shown: number; readonly after: number } | undefined
}

/** The oldest version that has all that the scripts use: GETEX, LPOP with a count. */
const OLDEST = [6, 2] as const

/** Beside each fix that is a CONFIG SET. */
const KEPT =
  'A restart undoes CONFIG SET: follow it with CONFIG REWRITE, or write the setting into redis.conf.'

/** `keeps`: it has locks or records, which must neither be evicted nor forgotten at a restart. */
export function judgeServer({ name, info, save }: ServerFacts, keeps: boolean): Finding[] {
  if (info === undefined) {
    return [
      {
        code: 'SERVER_NOT_SHOWN',
        severity: 'warning',
        message: `${name} does not let its version, eviction policy and persistence be looked at (INFO is refused).`,
        fix: 'Allow INFO, or make sure by other means: Redis 6.2 or newer, maxmemory-policy noeviction, appendonly yes.',
      },
    ]
  }
  return [
    ...judgeVersion(name, info),
    ...judgeRole(name, info),
    ...(keeps ? [...judgeEviction(name, info), ...judgePersistence(name, info, save)] : []),
  ]
}

/** The lines `name:value` of INFO. */
export function parseInfo(reply: unknown): ServerFacts['info'] {
  if (typeof reply !== 'string') return undefined
  return Object.fromEntries(
    [...reply.matchAll(/^([\w-]+):(.*?)\r?$/gm)].map(([, key = '', value = '']) => [key, value]),
  )
}

type Info = Readonly<Record<string, string>>

function judgeVersion(name: string, info: Info): Finding[] {
  // Valkey calls itself Redis 7.2 here, which is what it is compatible with.
  const version = info['redis_version'] ?? ''
  const [major = 0, minor = 0] = version.split('.').map(Number)
  if (major > OLDEST[0] || (major === OLDEST[0] && minor >= OLDEST[1])) return []
  return [
    {
      code: 'SERVER_TOO_OLD',
      severity: 'error',
      message: `${name} is Redis ${version}; Holdfast needs ${OLDEST.join('.')} or newer.`,
      fix: 'Upgrade to Redis 6.2 or newer, or to Valkey.',
    },
  ]
}

function judgeRole(name: string, info: Info): Finding[] {
  if (info['role'] !== 'slave') return []
  return [
    {
      code: 'REPLICA',
      severity: 'error',
      message: `${name} is a replica: it refuses writes, and what it shows is older than what is true.`,
      fix: 'Connect to the primary, through Sentinel or a cluster client.',
      stopsWork: true,
      stopsCache: true,
    },
  ]
}

function judgeEviction(name: string, info: Info): Finding[] {
  const policy = info['maxmemory_policy']
  const evicted = evictedSoFar(info)
  if (policy === undefined || policy === 'noeviction')
    return evicted === '' ? [] : [keysEvicted(name, evicted)]
  const limited = Number(info['maxmemory']) > 0
  return [
    {
      code: 'EVICTION_POLICY',
      severity: limited ? 'error' : 'warning',
      message:
        `${name} evicts keys when its memory is full (maxmemory-policy ${policy}): an evicted record is a job that ` +
        `runs twice, an evicted lease a lock that two hold${limited ? '' : '. It has no maxmemory now, so it does not yet'}.` +
        (evicted === '' ? '' : ` It has evicted ${evicted}.`),
      fix:
        `CONFIG SET maxmemory-policy noeviction. ${KEPT} Give a cache that must be evictable a separate Redis ` +
        '(cacheStorage).',
    },
  ]
}

function keysEvicted(name: string, evicted: string): Finding {
  return {
    code: 'KEYS_EVICTED',
    severity: 'warning',
    message:
      `${name} evicts no keys now, but has evicted ${evicted}. Where records or leases were among them, jobs ran ` +
      'twice and locks had two holders.',
    fix: 'See what may have run twice. CONFIG RESETSTAT, or a restart, sets the count to 0.',
  }
}

/** '' for none, or where the server does not say. */
function evictedSoFar(info: Info): string {
  const keys = Number(info['evicted_keys'] ?? 0)
  if (!(keys > 0)) return ''
  const up = spanOf(Number(info['uptime_in_seconds'] ?? 0))
  return `${keys} ${keys === 1 ? 'key' : 'keys'} since it started ${up} ago, or since the last CONFIG RESETSTAT`
}

const SPANS = [
  ['days', 86_400],
  ['hours', 3_600],
  ['minutes', 60],
] as const

function spanOf(seconds: number): string {
  for (const [unit, length] of SPANS)
    if (seconds >= 2 * length) return `${Math.floor(seconds / length)} ${unit}`
  return `${seconds} s`
}

function judgePersistence(name: string, info: Info, save: string | undefined): Finding[] {
  if (info['aof_enabled'] === '1') return []
  const fix = `CONFIG SET appendonly yes, with appendfsync everysec or always. ${KEPT}`
  if (save === undefined) {
    return [
      {
        code: 'PERSISTENCE_NOT_SHOWN',
        severity: 'warning',
        message: `${name} keeps no append-only file, and does not let its snapshots be looked at (CONFIG is refused).`,
        fix: `Make sure that it survives a restart. ${fix}`,
      },
    ]
  }
  return [
    save === ''
      ? {
          code: 'NO_PERSISTENCE',
          severity: 'warning',
          message: `${name} writes nothing to disk: after a restart every job may run again and every lock is free.`,
          fix,
        }
      : {
          code: 'SNAPSHOTS_ONLY',
          severity: 'warning',
          message: `${name} saves snapshots only: a restart forgets what was written since the last one.`,
          fix,
        },
  ]
}
