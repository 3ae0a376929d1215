import { randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startRedis } from '@holdfast/test-support/redis'
import { RedisCluster } from '@holdfast/test-support/servers'
import { Cluster, Redis } from 'ioredis'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import type { CheckReport } from '../../src/check/report.ts'
import { healthyPrefix } from '../check/check-prefix.ts'
import { dumps } from '../dumps.ts'
import { clients } from '../locks/node-peer.ts'
import { loadDump } from '../monitor/load-dump.ts'
import { type CliRun, runCli, runHere } from './run-cli.ts'

const directory = mkdtempSync(join(tmpdir(), 'hangfire-cli-'))
const socket = join(directory, 'redis.sock')
const server = await startRedis({ socket })
const admin = new Redis(server.url)
const where = `127.0.0.1:${server.port}`
const DUMP = '1.12.0/killed.180-simple.killed.json'
const PASSWORD = 'p@ss/w:rd#1'

beforeAll(async () => {
  const dump = dumps.find(({ name }) => name === DUMP) ?? expect.unreachable()
  await loadDump(admin, dump, '{hangfire}:')
  const other = new Redis(`${server.url}/3`)
  await loadDump(other, dump, 'Tahrir_Hangfire_Prod_2')
  other.disconnect()
  await admin.call('ACL', 'SETUSER', 'ann', 'on', `>${PASSWORD}`, '~*', '+@all')
  await admin.call(
    'ACL',
    'SETUSER',
    'reader',
    'on',
    `>${PASSWORD}`,
    '~*',
    '+@read',
    '-scan',
    '+time',
    '+select',
  )
  await admin.call('ACL', 'SETUSER', 'nobody', 'on', `>${PASSWORD}`)
})
afterAll(async () => {
  admin.disconnect()
  await server.stop()
  rmSync(directory, { recursive: true, force: true })
})

const auth = (user: string): string => `${user}:${encodeURIComponent(PASSWORD)}@`

function reportOf({ out }: CliRun): CheckReport {
  return JSON.parse(out) as CheckReport
}

describe.each(clients)('holdfast-hangfire check, over %s', (client) => {
  const check = (...args: readonly string[]): Promise<CliRun> =>
    runHere(['check', '--client', client, '--settle-ms', '0', ...args])

  it('shows what is wrong, for people', async () => {
    const { code, out, err } = await runCli(['check', '--client', client, server.url])
    expect([code, err]).toEqual([1, ''])
    expect(out).toMatch(/^redis:\/\/127\.0\.0\.1:\d+\/0, Redis [\d.]+, prefix \{hangfire\}:\n\n/)
    expect(out).toMatch(/\ndialect +dates in milliseconds .*, type names simple\n/)
    expect(out).toMatch(/\nservers +dotnet:\S+ \(\.NET\), last seen \d+ min ago, on default\n/)
    expect(out).toMatch(/\nqueues +default: 0 waiting, 1 fetched, 0 servers\n/)
    expect(out).toMatch(/\n\nWARNING ABANDONED_JOB\n {2}A job .*\n {4}[0-9a-f-]{36}\n {2}\S.*\n\n/)
    expect(out).toMatch(/\n\n0 errors, 2 warnings, 1 note\n$/)
  })

  it('says the same as JSON', async () => {
    const run = await check(server.url, '--json')
    expect([run.code, run.err]).toEqual([1, ''])
    expect(reportOf(run)).toMatchObject({
      prefix: '{hangfire}:',
      database: 0,
      isFound: true,
      statistics: { processing: 1 },
      findings: [{ code: 'ABANDONED_JOB', level: 'warning', count: 1 }, { code: 'SERVER_SILENT' }, {}],
    })
  })

  it('ends with 0 when there is nothing to do, also with notes', async () => {
    const { prefix, key } = await healthyPrefix(admin)
    await admin.sadd(key('queues'), 'idle\u001b[2J')
    const { code, out } = await check(server.url, '--prefix', prefix)
    expect(code).toBe(0)
    expect(out).toMatch(/\n\n0 errors, 0 warnings, 1 note\n$/)
    // What is stored commands no terminal.
    expect(out).toContain('idle\\x1b[2J')
    expect(out).not.toContain('\u001b')
  })

  it('finds the database and the prefix when there is nothing', async () => {
    const run = await check(`${server.url}/5`, '--json')
    expect(run.code).toBe(1)
    expect(reportOf(run)).toMatchObject({ isFound: false, findings: [{ code: 'NOTHING_FOUND' }] })
    expect(reportOf(run).elsewhere).toContainEqual({ database: 0, prefix: '{hangfire}:' })
    expect(reportOf(run).elsewhere).toContainEqual({ database: 3, prefix: 'Tahrir_Hangfire_Prod_2' })
    const { out } = await check(`${server.url}/3`)
    expect(out).toContain("It looks like Hangfire in database 3 with --prefix 'Tahrir_Hangfire_Prod_2'\n")
    const there = await check(`${server.url}/3`, '--prefix', 'Tahrir_Hangfire_Prod_2', '--json')
    expect(reportOf(there)).toMatchObject({ isFound: true, database: 3, statistics: { processing: 1 } })
  })

  it('connects as a user, through a socket, and by REDIS_URL', async () => {
    const asAnn = await check(`redis://${auth('ann')}${where}`, '--json')
    expect(reportOf(asAnn).isFound).toBe(true)
    const bySocket = await check(`unix://${socket}?db=3`, '--json', '--prefix', 'Tahrir_Hangfire_Prod_2')
    expect(reportOf(bySocket)).toMatchObject({ isFound: true, database: 3 })
    const query = `user=ann&password=${encodeURIComponent(PASSWORD)}`
    const args = ['check', '--json', '--client', client, '--settle-ms', '0']
    const byVariable = await runHere(args, { REDIS_URL: `unix://${socket}?${query}` })
    expect(reportOf(byVariable).isFound).toBe(true)
  })

  it('shows no password, whatever goes wrong', async () => {
    const urls = [
      `redis://${auth('ann')}${where}`,
      `redis://ann:wrong-secret@${where}`,
      `redis://nobody:${encodeURIComponent(PASSWORD)}@${where}`,
      `redis://ann:${PASSWORD}@${where}`,
      `redis://ann:1234#secret@${where}`,
      `redis://ann:1234/secret@${where}`,
      `redis://ann:%zz-secret@${where}`,
      `http://ann:secret@${where}`,
      `unix://ann:secret@${socket}`,
      'redis://ann:secret@127.0.0.1:1',
      'localhost:6379,password=secret',
    ]
    const codes: number[] = []
    for (const url of urls) {
      const { code, out, err } = await check(url)
      codes.push(code)
      for (const part of ['secret', PASSWORD, encodeURIComponent(PASSWORD), 'p@ss', '1234'])
        expect(out + err, url).not.toContain(part)
      if (code !== 1) expect(err, url).toMatch(/^holdfast-hangfire: .*\n$/)
    }
    expect(codes).toEqual([1, 3, 3, 2, 2, 2, 2, 2, 2, 3, 2])
  })

  it('ends with 3 when Redis cannot be reached, or does not answer', async () => {
    const none = await runCli(['check', '--client', client, 'redis://127.0.0.1:1'])
    expect([none.code, none.out]).toEqual([3, ''])
    expect(none.err).toMatch(
      /^holdfast-hangfire: redis:\/\/127\.0\.0\.1:1\/0 cannot be reached: .*ECONNREFUSED/,
    )
    const frozen = await startRedis()
    onTestFinished(() => frozen.stop())
    process.kill(frozen.pid, 'SIGSTOP')
    const { code, err } = await runCli(['check', frozen.url, '--client', client, '--timeout-ms', '300'])
    expect(code, err).toBe(3)
  })

  it('ends with 3 for a database that does not exist', async () => {
    for (const url of [`${server.url}/99`, `redis://${auth('reader')}${where}/99`]) {
      const { code, out, err } = await check(url)
      expect([code, out]).toEqual([3, ''])
      expect(err).toMatch(/^holdfast-hangfire: redis:\/\/127\.0\.0\.1:\d+\/99 does not exist: ERR .*DB index/)
    }
  })

  it('goes on without what it may not ask', async () => {
    const run = await check(`redis://${auth('reader')}${where}`, '--json')
    expect(run.err).toBe('')
    const codes = reportOf(run).findings.flatMap(({ code, subjects }) =>
      code === 'NOT_ALLOWED' ? subjects : [],
    )
    expect(codes).toEqual(['INFO', 'SCAN'])
    expect(reportOf(run)).toMatchObject({ isFound: true, redis: { version: null } })
  })
})

describe('holdfast-hangfire check on a cluster', () => {
  it.each(clients)('over %s, goes through all of it, and wants a tag in the prefix', async (client) => {
    const servers = await RedisCluster.start()
    onTestFinished(() => servers.stop())
    const cluster = new Cluster([...servers.seeds])
    onTestFinished(() => cluster.disconnect())
    const keys = ['job:a', 'stats:succeeded', 'queues', 'other'].map((name) => `{hangfire}:${name}`)
    for (const key of keys) await cluster.set(key, '1')
    await cluster.set('plain:stats:deleted', '1')
    const [{ host, port } = expect.unreachable()] = servers.seeds
    const args = ['check', `redis://${host}:${port}`, '--client', client, '--json', '--settle-ms', '0']
    const found = reportOf(await runHere(args))
    expect(found.redis.isCluster).toBe(true)
    expect(found.lookedAt).toMatchObject({ keys: 4, allKeys: true })
    expect(found.findings.map(({ code, subjects }) => [code, subjects])).toContainEqual([
      'WRONG_TYPE',
      ['{hangfire}:queues'],
    ])
    const other = await runHere(['check', `redis://${host}:${port}/1`, '--client', client])
    expect([other.code, other.err]).toEqual([3, expect.stringContaining('only database 0')])
    const { findings } = reportOf(await runHere([...args, '--prefix', 'plain:']))
    expect(findings.map(({ code }) => code)).toContain('CLUSTER_WITHOUT_TAG')
  })
})

describe('holdfast-hangfire', () => {
  it('says what it takes', async () => {
    const { code, out, err } = await runCli(['--help'])
    expect([code, err]).toEqual([0, ''])
    expect(out).toMatch(/^holdfast-hangfire check \[url\]/)
    expect((await runHere(['check', '--help'])).out).toBe(out)
  })

  it.each([
    [[]],
    [['chekc']],
    [['toString']],
    [['check']],
    [['check', 'redis://localhost', 'redis://localhost']],
    [['check', 'redis://localhost', '--nonsense']],
    [['check', 'redis://localhost', '--jobs', 'many']],
    [['check', 'redis://localhost', '--scan', '-1']],
    [['check', 'redis://localhost', '--client', 'memcached']],
    [['check', 'redis://localhost/db0']],
    [['check', 'redis://']],
    [['contract']],
  ])('ends with 2 for %j', async (args) => {
    const { code, out, err } = await runHere(args)
    expect([code, out]).toEqual([2, ''])
    expect(err).toMatch(/^holdfast-hangfire: [^\n]+\n$/)
  })

  it('says what to install when there is no client', async () => {
    const flags = ['--import', join(import.meta.dirname, 'without-clients.ts')]
    const { code, err } = await runCli(['check', 'redis://localhost'], {}, flags)
    expect(code).toBe(2)
    expect(err).toBe(
      'holdfast-hangfire: No Redis client is installed here. Run: npm install ioredis, or npm install redis\n',
    )
  })

  it('warns of a Redis that deletes what it has no room for', async () => {
    const small = await startRedis({ args: ['--maxmemory', '100mb', '--maxmemory-policy', 'allkeys-lru'] })
    onTestFinished(() => small.stop())
    const { findings } = reportOf(await runHere(['check', small.url, '--json', '--prefix', randomUUID()]))
    expect(findings).toMatchObject([
      { code: 'NOTHING_FOUND' },
      { code: 'EVICTION', subjects: ['allkeys-lru'] },
    ])
  })
})
