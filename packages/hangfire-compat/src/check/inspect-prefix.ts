import type { RedisClient } from '@holdfast/redis-protocol'
import type { Reader } from '../monitor/reader.ts'
import { readOutcomes, readStatistics } from '../monitor/statistics.ts'
import { type Unreadable, collect } from '../monitor/unreadable.ts'
import { type DetectedDialect, detectDialect } from '../wire/detect-dialect.ts'
import { optional } from '../wire/fields.ts'
import type { HangfireKeys } from '../wire/keys.ts'
import type { Findings } from './findings.ts'
import { ifAllowed } from './if-allowed.ts'
import { checkJobs } from './jobs.ts'
import { checkKeys, checkLocks } from './keys.ts'
import { checkRecurring } from './recurring.ts'
import type { CheckedPrefix, CheckedQueue } from './report.ts'
import { beginningWith, scanKeys } from './scan.ts'
import { checkServers, readServers } from './servers.ts'

interface Inspection {
  readonly reader: Reader
  readonly keys: HangfireKeys
  /** By the clock of Redis. */
  readonly now: number
  readonly findings: Findings
  readonly jobs: number
  readonly scan: number
  readonly settleMs: number
}

/** Goes through the lists of a prefix, and what they lead to. */
export async function inspectPrefix(client: RedisClient, inspection: Inspection): Promise<CheckedPrefix> {
  const { reader, keys, now, findings, jobs: limit, scan, settleMs } = inspection
  const found = collect()
  const servers = await readServers(reader, keys, now, found)
  const alive = servers.filter(({ isAlive }) => isAlive)
  const dotNetQueues = new Set(alive.flatMap(({ runtime, queues }) => (runtime === '.NET' ? queues : [])))
  const names = (await reader.set(keys.queues, found)).toSorted()
  checkServers(servers, findings)
  const look = { reader, keys, queues: names, dotNetQueues, now, findings, found }
  const jobs = await checkJobs(look, limit, settleMs)
  const recurringJobs = await checkRecurring(look, limit)
  for (const [id] of await reader.zset(keys.awaiting, 0, limit - 1, found))
    findings.add('AWAITING_MEMBERS', id)
  const { unreadable, ...statistics } = await readStatistics(reader, keys)
  const outcomes = await Promise.all(
    (['day', 'hour'] as const).map((by) => readOutcomes(reader, keys, by, now)),
  )
  const queues = names.map((name): CheckedQueue => {
    const listening = alive.filter((server) => server.queues.includes(name)).length
    const { length = 0, fetched = 0 } = jobs.lengths.get(name) ?? {}
    return { name, length, fetched, servers: listening }
  })
  for (const { name, length, servers: listening } of queues)
    if (listening === 0) findings.add(length > 0 ? 'QUEUE_WITHOUT_SERVER' : 'IDLE_QUEUE', name)
  const hashes = servers.map(({ fields }) => fields)
  const dialect = detectDialect({ servers: hashes, jobs: jobs.hashes, recurringJobs })
  checkDialect(dialect, findings)
  await checkLocks(reader, keys, names, findings, found)
  const scanned =
    scan === 0 ? undefined : await ifAllowed(findings, 'SCAN', () => scanPrefix(client, inspection))
  if (scanned !== undefined) await checkKeys(reader, keys, scanned.keys, findings, found)
  const counters = outcomes.flatMap((each) => each.unreadable)
  checkUnreadable([...found.unreadable, ...unreadable, ...counters], findings)
  return {
    dialect: { dates: dialect.dates ?? null, typeNames: dialect.typeNames ?? null },
    servers: servers.map(({ id, runtime, queues: on, silentForMs, isAlive }) => ({
      id,
      runtime,
      queues: on,
      ...optional('silentForMs', silentForMs),
      isAlive,
    })),
    queues,
    statistics,
    lookedAt: {
      entries: jobs.read,
      ofEntries: jobs.entries,
      keys: scanned?.keys.length ?? 0,
      allKeys: scanned?.isComplete ?? false,
    },
  }
}

function scanPrefix(client: RedisClient, { keys, scan }: Inspection): ReturnType<typeof scanKeys> {
  return scanKeys(client, beginningWith(keys.prefix), scan)
}

function checkDialect({ dates, typeNames, mixed }: DetectedDialect, findings: Findings): void {
  if (dates === undefined) findings.add('DIALECT_UNKNOWN', 'dates')
  if (typeNames === undefined) findings.add('DIALECT_UNKNOWN', 'type names')
  if (mixed.dates) findings.add('MIXED_DIALECT', 'dates')
  if (mixed.typeNames) findings.add('MIXED_DIALECT', 'type names')
}

/** Keys of another type have no text; a counter has one that is no number. */
function checkUnreadable(unreadable: readonly Unreadable[], findings: Findings): void {
  const seen = new Set<string>()
  for (const { key, stored } of unreadable) {
    if (seen.size === seen.add(key).size) continue
    if (stored === undefined) findings.add('WRONG_TYPE', key)
    else findings.add('BROKEN_PAGE', key, 'every page, since a counter is no whole number')
  }
}
