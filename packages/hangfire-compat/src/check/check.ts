import { type RedisClient, serverTime } from '@holdfast/redis-protocol'
import { createReader } from '../monitor/reader.ts'
import { checkPrefixOnCluster, hangfireKeys } from '../wire/keys.ts'
import { hasHangfire, searchElsewhere } from './elsewhere.ts'
import { type Findings, collectFindings } from './findings.ts'
import { ifAllowed } from './if-allowed.ts'
import { inspectPrefix } from './inspect-prefix.ts'
import type { CheckReport, CheckedPrefix } from './report.ts'
import { factsIn, readInfo } from './server-facts.ts'

export interface CheckOptions {
  readonly prefix: string
  readonly database: number
  /** How many entries of each list of jobs are looked at. */
  readonly jobs: number
  /** About how many keys of a server are gone through, for what no list leads to. 0: none. */
  readonly scan: number
  /** How long what may be on its way gets, in ms, before it is looked at again. */
  readonly settleMs: number
  /** Opens another database of the same server. */
  openDatabase(database: number): Promise<{ readonly client: RedisClient; end(): void }>
}

/** Looks for what is wrong under a prefix. It sends commands that read and nothing else. */
export async function checkHangfire(client: RedisClient, options: CheckOptions): Promise<CheckReport> {
  const { prefix, database } = options
  const findings = collectFindings(prefix)
  const reader = createReader(client)
  const now = await serverTime(client)
  const redis = factsIn((await ifAllowed(findings, 'INFO', () => readInfo(client))) ?? '')
  if (redis.evicts !== undefined) findings.add('EVICTION', redis.evicts)
  if (client.cluster !== undefined) checkTag(prefix, findings)
  const isListed = await hasHangfire(reader, prefix)
  const elsewhere = isListed
    ? []
    : ((await ifAllowed(findings, 'SCAN', () => searchElsewhere(client, redis.databases, options))) ?? [])
  // Jobs may be there that no list has.
  const isFound = isListed || elsewhere.some((each) => each.database === database && each.prefix === prefix)
  if (!isFound) findings.add('NOTHING_FOUND', prefix)
  const held = isFound
    ? await inspectPrefix(client, { reader, keys: hangfireKeys(prefix), now, findings, ...options })
    : NOTHING
  return {
    checkedAt: new Date(now).toISOString(),
    prefix,
    database,
    redis: { version: redis.version ?? null, isCluster: client.cluster !== undefined },
    isFound,
    elsewhere: isFound ? [] : elsewhere,
    ...held,
    findings: findings.all(),
  }
}

const NOTHING: CheckedPrefix = {
  dialect: { dates: null, typeNames: null },
  servers: [],
  queues: [],
  statistics: {
    servers: 0,
    recurring: 0,
    queues: 0,
    enqueued: 0,
    scheduled: 0,
    processing: 0,
    failed: 0,
    retries: 0,
    succeeded: 0,
    deleted: 0,
  },
  lookedAt: { entries: 0, ofEntries: 0, keys: 0, allKeys: false },
}

function checkTag(prefix: string, findings: Findings): void {
  try {
    checkPrefixOnCluster(prefix)
  } catch {
    findings.add('CLUSTER_WITHOUT_TAG', prefix)
  }
}
