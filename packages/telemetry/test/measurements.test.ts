import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { lockPatternOf } from '../src/lock-pattern.ts'
import { measurementsOf } from '../src/measurements.ts'

const START = 10_000

/** Folds at instants that the test says, without a bridge. */
function fold(maxLabelValues = 100) {
  const measured: string[] = []
  const text = (metric: string, value: number, labels: object): string =>
    `${metric} ${Object.values(labels).join(' ')} ${value}`
  const { folds, read } = measurementsOf(
    { lockPattern: lockPatternOf, maxLabelValues },
    (metric, value, labels) => void (value !== 0 && measured.push(text(metric, value, labels))),
    START,
  )
  return {
    /** What the event adds. */
    add(name: string, event: object, now = START): string[] {
      for (const each of folds) if (each.channel === `holdfast:${name}`) each.fold(event as never, now)
      return measured.splice(0)
    },
    /** What the gauges show. */
    gauges(now: number): string[] {
      const shown: string[] = []
      read(now, (metric, value, labels) => void shown.push(text(metric, value, labels)))
      return shown
    },
  }
}

function inAlphabet(alphabet: string, hash: Buffer, length: number): string {
  return Array.from(hash.subarray(0, length), (byte) => alphabet[byte % alphabet.length]).join('')
}

const job = { jobType: 'invoice', jobKey: 'a', executionId: 'x' }
const app = { prefix: 'shop', instance: 'one' }

describe('what began before the bridge', () => {
  it('is found by its renewals: jobs and locks, with their age', () => {
    const { add, gauges } = fold()
    add('idempotency', { ...job, type: 'renewed', ranMs: 60_000, lagMs: 5, remainingMs: 1 })
    add('locks', { name: 'import', token: 't', type: 'renewed', heldMs: 30_000, lagMs: 5, remainingMs: 1 })
    expect(gauges(START + 1_000)).toEqual([
      'jobRunning invoice 1',
      'jobOldestAge invoice 61',
      'lockHeld import 1',
      'lockOldestAge import 31',
    ])
  })

  it('counts nothing when it ends: waits and loads', () => {
    const { add, gauges } = fold()
    add('idempotency', { ...job, type: 'waiting', leaseRemainingMs: 1 })
    add('idempotency', { ...job, type: 'waited', waitedMs: 5_000, outcome: 'joined' }, START + 100)
    add('cache', { ...app, namespace: '', key: 'k', type: 'loading' })
    add(
      'cache',
      { ...app, namespace: '', key: 'k', type: 'loaded', durationMs: 500, found: true },
      START + 100,
    )
    add('locks', { name: 'import', token: 'a', type: 'waiting' })
    add(
      'locks',
      { name: 'import', token: 'b', type: 'gaveUp', outcome: 'aborted', waitedMs: 900, queuedMs: 800 },
      START + 100,
    )
    expect(gauges(START + 100)).toEqual(
      expect.arrayContaining(['jobWaiting invoice 1', 'cacheLoading default 1', 'lockWaiting import 1']),
    )
  })
})

describe('the oldest', () => {
  it('is the one that began first, whichever ends', () => {
    const { add, gauges } = fold()
    const start = (executionId: string, now: number) =>
      add('idempotency', { ...job, executionId, type: 'started', attempt: 1 }, now)
    start('old', START)
    start('young', START + 5_000)
    expect(gauges(START + 6_000)).toEqual(['jobRunning invoice 2', 'jobOldestAge invoice 6'])
    add('idempotency', { ...job, executionId: 'old', type: 'completed', ranMs: 6_000 })
    expect(gauges(START + 6_000)).toEqual(['jobRunning invoice 1', 'jobOldestAge invoice 1'])
  })
})

describe('events of storages, routes and servers', () => {
  it('are measured', () => {
    const { add, gauges } = fold()
    const main = { ...app, storage: 'main' }
    add('connection', { ...main, type: 'ready', lostAt: null })
    expect(gauges(START)).toEqual(['storageConnected shop main 1'])
    add('connection', { ...main, type: 'lost' })
    expect(gauges(START)).toEqual(['storageConnected shop main 0'])
    // Of two that are away one comes back: the other is away all the same, until it is closed.
    add('connection', { ...main, type: 'lost' })
    add('connection', { ...main, type: 'ready', lostAt: 1 })
    expect(gauges(START)).toEqual(['storageConnected shop main 0'])
    add('connection', { ...main, type: 'ended', lostAt: 1 })
    expect(gauges(START)).toEqual([])
    add('connection', { ...main, type: 'lost' })
    expect(add('storage', { ...main, type: 'failed', code: 'STORAGE_UNAVAILABLE' })).toEqual([
      'storageFailures shop main STORAGE_UNAVAILABLE 1',
    ])
    expect(add('breaker', { ...app, type: 'opened' })).toEqual(['breakerOpened shop 1'])
    add('breaker', { ...app, type: 'stillOpen' })
    expect(gauges(START)).toContain('breakerOpen shop 1')
    add('breaker', { ...app, type: 'closed', openMs: 1 })
    expect(gauges(START)).toContain('breakerOpen shop 0')
    const route = { jobType: 'http:POST /orders', jobKey: null }
    expect(add('http', { ...route, type: 'executed', recorded: 'stored' })).toEqual([
      'httpRequests http:POST /orders executed stored 1',
    ])
    expect(add('http', { ...route, type: 'refused', code: 'KEY_MISSING' })).toEqual([
      'httpRequests http:POST /orders refused KEY_MISSING 1',
    ])
    add('hangfire', { type: 'announced', server: 's' })
    expect(gauges(START)).toContain('hangfireServers  1')
    expect(add('hangfire', { type: 'ran', state: 'Succeeded' })).toEqual(['hangfireJobs Succeeded 1'])
    expect(add('hangfire', { type: 'troubled' })).toEqual(['hangfireProblems troubled 1'])
  })
})

describe('a label', () => {
  it.each([
    ['stock:42', 'stock:*'],
    ['stock:anna@example.com', 'stock:*'],
    ['tenants/7/import', 'tenants/*'],
    ['shard-7', 'shard-*'],
    ['shard-7-compact', 'shard-*-compact'],
    ['shard7', '*'],
    ['import-2026-11-29', 'import-*'],
    ['import_20261129T211500Z', 'import_*'],
    ['f81d4fae-7dec-11d0-a765-00a0c91e6bf6', '*'],
    ['F81D4FAE-7DEC-11D0-A765-00A0C91E6BF6.lock', '*.lock'],
    ['shard-deadbeef-dead-beef-fade-decafbadface', 'shard-*'],
    ['import', 'import'],
    ['nightly-import_of.prices', 'nightly-import_of.prices'],
    ['café größe', 'café größe'],
    ['ada.lovelace', 'ada.lovelace'],
  ])('of the lock %s is %s', (name, pattern) => expect(lockPatternOf(name)).toBe(pattern))

  /** 10,000 ids of each kind, from hashes: the same in every run. */
  const KINDS: Record<string, (hash: Buffer, index: number) => string> = {
    uuid: (hash) => hash.toString('hex', 0, 16).replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-'),
    ulid: (hash) => `01${inAlphabet('0123456789ABCDEFGHJKMNPQRSTVWXYZ', hash, 24)}`,
    cuid: (hash) => `cm4${inAlphabet('0123456789abcdefghijklmnopqrstuvwxyz', hash, 22)}`,
    'SHA-256': (hash) => hash.toString('hex'),
    'ObjectId of MongoDB': (hash) => `674a${hash.toString('hex', 0, 10)}`,
    number: (hash) => String(hash.readUInt32BE()),
    'negative decimal': (hash) => (-hash.readUInt32BE() / 1_000).toFixed(3),
    date: (_hash, index) => new Date(index * 86_400_000).toISOString().slice(0, 10),
    instant: (_hash, index) => new Date(index * 86_400_123).toISOString(),
  }
  it.each(Object.keys(KINDS))('has one value for all locks that are named by a %s', (kind) => {
    const patterns = { alone: new Set<string>(), between: new Set<string>() }
    for (let index = 0; index < 10_000; index++) {
      const id = KINDS[kind]?.(createHash('sha256').update(`${index}`).digest(), index) ?? ''
      patterns.alone.add(lockPatternOf(id))
      patterns.between.add(lockPatternOf(`stock_${id}`))
    }
    const [alone, between] = [[...patterns.alone], [...patterns.between]]
    expect(alone).toEqual([kind === 'instant' ? '*:*' : kind === 'negative decimal' ? '-*' : '*'])
    expect(between).toEqual([`stock_${alone[0]}`])
  })

  it('has no more values than it may, and each label has its limit', () => {
    const { add } = fold(1)
    const starts = (jobType: string) => add('idempotency', { ...job, jobType, type: 'started', attempt: 1 })
    expect(starts('a')).toEqual(['jobStarts a first 1'])
    expect(starts('b')).toEqual(['folded job_type 1', 'jobStarts other first 1'])
    expect(add('cache', { ...app, namespace: 'prices', key: 'k', type: 'hit' })).toEqual([
      'cacheReads prices hit 1',
    ])
  })
})
