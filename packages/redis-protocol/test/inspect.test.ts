/** What operators look at: reads without scripts, and scans, also as a user who may do nothing else. */
import { createHoldfast } from '@holdfast/core'
import { startRedis } from '@holdfast/test-support/redis'
import { ask } from '@holdfast/test-support/resp'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type RedisClient, type ScanStep, aclRules, redisInspection, redisStorage } from '../src/index.ts'
import { openPlainClient } from './plain-client.ts'

const server = await startRedis()
let all: RedisClient

beforeAll(async () => {
  await ask(server, 'ACL', 'SETUSER', 'reader', 'on', '>pw', '~*', '+@read', '+@connection')
  await ask(server, 'ACL', 'SETUSER', 'operator', 'on', '>pw', ...aclRules({ features: ['inspect'] }))
  await ask(server, 'ACL', 'SETUSER', 'blind', 'on', '>pw', '~*', '+get')
  all = await openPlainClient(server.port)
})
afterAll(async () => {
  all.detach()
  await server.stop()
})

const as = async (user: string): Promise<RedisClient> =>
  await openPlainClient(server.port, { user, password: 'pw' })

async function collected(steps: AsyncIterable<ScanStep<string>>): Promise<string[]> {
  const found: string[] = []
  for await (const step of steps) found.push(...step.found)
  return found.sort()
}

describe.each(['reader', 'operator'])('as %s, who may not write', (user) => {
  it('leases and records read as they do with scripts', async () => {
    const client = await as(user)
    const [scripted, plain] = [redisStorage(all), redisStorage(client, { reads: 'commands' })]
    const name = `${user}:lock:x`
    const request = { leaseMs: 60_000, permits: 1, claimMs: 1_000, notAfter: Number.MAX_SAFE_INTEGER }
    for (const [token, wait] of [
      ['p.1', false],
      ['p.2', true],
      ['p.3', true],
    ] as const)
      await scripted.leases.acquire(name, { ...request, token, wait })
    const [{ now, ...one }, { now: later, ...other }] = [
      await scripted.leases.inspect(name),
      await plain.leases.inspect(name),
    ]
    expect(Math.abs(later - now)).toBeLessThan(60_000)
    expect({ ...other, holders: other.holders.map(({ token, fence }) => [token, fence]) }).toEqual({
      ...one,
      holders: one.holders.map(({ token, fence }) => [token, fence]),
    })
    expect(other.waiting).toBe(2)
    expect((await plain.leases.inspect(`${user}:lock:free`)).holders).toEqual([])

    await ask(server, 'SET', `{holdfast:l:${user}:lock:newer}:s`, 'Vwhat a newer version would write')
    for (const { leases } of [scripted, plain])
      await expect(leases.inspect(`${user}:lock:newer`)).rejects.toThrow(
        /newer version of Holdfast, or another program, has written \{holdfast:/,
      )

    const collection = `${user}:job`
    const write = { ttlMs: 60_000, notify: false }
    for (let i = 0; i < 40; i += 1)
      await scripted.records.put({ collection, id: `k${i}` }, null, {
        ...write,
        writeId: `w${i}`,
        value: `v${i}`,
      })
    expect((await plain.records.read({ collection, id: 'k7' })).entry?.value).toBe('v7')
    expect((await plain.records.read({ collection, id: 'none' })).entry).toBeNull()
    const ids: string[] = []
    let cursor: string | undefined
    do {
      const page = await plain.records.list(
        collection,
        cursor === undefined ? { limit: 7 } : { limit: 7, cursor },
      )
      ids.push(...page.records.map(({ id }) => id))
      ;({ cursor } = page)
    } while (cursor !== undefined)
    expect(ids.sort()).toEqual(Array.from({ length: 40 }, (_, i) => `k${i}`).sort())

    const refused = plain.leases.revoke(name, { claimMs: 1_000 })
    await expect(refused).rejects.toMatchObject({ code: 'STORAGE_REFUSED' })
    client.detach()
  })

  it('finds apps, leases and values, and their bytes', async () => {
    const storage = redisStorage(all)
    const holdfast = createHoldfast({ storage, prefix: `${user}:{1}%*` })
    const lease = await holdfast.locks.acquire('a{b}')
    await holdfast.idempotency.run('video', 'k', () => 1)
    await holdfast.cache.set('price', 1)
    const client = await as(user)
    const app = `${user}%3A{1}%25*`
    const inspection = redisInspection(client)
    expect(await collected(inspection.apps())).toContain(app)
    expect(await collected(inspection.leases(app))).toEqual([`${app}:lock:a{b}`])
    const values = await collected(inspection.values(app))
    expect(values).toContain(`${app}::price`)
    expect(await inspection.bytesOf([`${app}::price`, `${app}::none`])).toEqual([
      expect.any(Number),
      undefined,
    ])
    await lease.release()
    client.detach()
  })
})

it('a scan says how far it is, and finds each key once', async () => {
  await ask(server, 'EVAL', "for i = 1, 3000 do redis.call('SET', 'filler' .. i, '') end", '0')
  const steps: ScanStep<string>[] = []
  for await (const step of redisInspection(all).apps()) steps.push(step)
  expect(steps.length).toBeGreaterThan(3)
  const scanned = steps.map((step) => step.scanned)
  expect(scanned).toEqual(scanned.toSorted((a, b) => a - b))
  expect(steps.at(-1)?.scanned).toBe(steps.at(-1)?.keys)
})

it('what the user may not do is refused as such', async () => {
  const client = await as('blind')
  await expect(collected(redisInspection(client).apps())).rejects.toMatchObject({
    code: 'STORAGE_REFUSED',
    message: expect.stringContaining('NOPERM'),
  })
  client.detach()
})

it('a user to look reads all keys of one app, and no other', () => {
  const rules = aclRules({ prefix: 'shop', features: ['inspect'] })
  expect(rules.filter((rule) => /^[~&]/.test(rule))).toEqual([
    '~{holdfast:l:shop:*',
    '~{holdfast:r:shop:*',
    '~holdfast:v:shop:*',
  ])
})
