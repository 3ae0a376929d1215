import { spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { expect, test } from 'vitest'
import { type StorageName } from '../src/storages.ts'

const main = join(import.meta.dirname, '../src/main.ts')

/** The app in a separate process, which ends as its operator would end it. */
async function start(name: StorageName): Promise<{ url: string; stop: () => Promise<number> }> {
  const child = spawn(process.execPath, ['--conditions=@holdfast/source', main, name], {
    env: { ...process.env, PREFIX: `swap-${randomUUID()}` },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const exited = once(child, 'exit')
  const [line] = (await once(createInterface({ input: child.stdout }), 'line')) as [string]
  return {
    url: line.replace('listening ', ''),
    async stop() {
      child.kill('SIGTERM')
      const [code] = (await exited) as [number]
      return code
    },
  }
}

/** What a customer and an operator see, in the order in which they see it. */
async function aDayAtTheOffice(url: string): Promise<readonly unknown[]> {
  const seen: unknown[] = []
  const ask = async (path: string, init: RequestInit = {}): Promise<unknown> => {
    const response = await fetch(url + path, init)
    const body = (await response.json()) as Record<string, unknown>
    const { headers, status } = response
    return { status, replayed: headers.get('idempotent-replayed'), location: headers.get('location'), body }
  }
  const order = (seat: string, customer: string, key: string): Promise<unknown> =>
    ask(`/seats/${seat}/tickets`, {
      method: 'POST',
      headers: { 'idempotency-key': key, 'x-customer': customer },
    })

  seen.push(await ask('/seats'))
  seen.push(await order('1A', 'ann', 'k1'), await order('1A', 'ann', 'k1'))
  seen.push(await order('1A', 'bob', 'k1'), await order('1A', 'bob', 'k1'))
  // Two at a time for one seat: the lock lets one of them have it.
  const race = (await Promise.all([order('1B', 'ann', 'k2'), order('1B', 'bob', 'k2')])) as {
    status: number
  }[]
  seen.push(race.map(({ status }) => status).sort((a, b) => a - b))
  seen.push(await ask('/seats'))
  const reports = await Promise.all([1, 2, 3].map(() => ask('/reports/monday', { method: 'POST' })))
  seen.push(
    (reports as { body: { status: string; report: unknown } }[])
      .sort((a, b) => (a.body.status < b.body.status ? -1 : 1))
      .map(({ body }) => body),
  )
  const listed = (await ask('/ops/executions')) as { body: { jobTypes: string[] } }
  seen.push(listed.body.jobTypes)
  const { body } = (await ask('/ops/executions/report/monday')) as { body: Record<string, unknown> }
  const { status, attempt, progressPercentage, progressMessage, leaseRemainingMs } = body
  seen.push({ status, attempt, progressPercentage, progressMessage, leaseRemainingMs })
  const health = (await ask('/health')) as { status: number; body: { status: string; connection: string } }
  seen.push([health.status, health.body.status, health.body.connection])
  return seen
}

const soldOut = { seat: '1A', sold: false }
const expected = [
  { status: 200, replayed: null, location: null, body: ['1A', '1B', '1C'] },
  { status: 201, replayed: null, location: '/seats/1A', body: { seat: '1A', sold: true } },
  { status: 201, replayed: 'true', location: '/seats/1A', body: { seat: '1A', sold: true } },
  { status: 410, replayed: null, location: null, body: soldOut },
  { status: 410, replayed: 'true', location: null, body: soldOut },
  [201, 410],
  { status: 200, replayed: null, location: null, body: ['1C'] },
  [
    { status: 'executed', report: { day: 'monday', tickets: 2 } },
    { status: 'replayed', report: { day: 'monday', tickets: 2 } },
    { status: 'replayed', report: { day: 'monday', tickets: 2 } },
  ],
  ['http:POST /seats/:seat/tickets', 'report'],
  {
    status: 'completed',
    attempt: 1,
    progressPercentage: 100,
    progressMessage: 'counting monday',
    leaseRemainingMs: 0,
  },
  [200, 'up', 'ready'],
]

test.each(['memory', 'ioredis5', 'ioredis6', 'redis5', 'redis6'] as const)(
  'the same day on %s',
  async (name) => {
    const app = await start(name)
    expect(await aDayAtTheOffice(app.url)).toEqual(expected)
    expect(await app.stop()).toBe(0)
  },
)
