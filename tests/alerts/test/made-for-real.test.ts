/**
 * `npm run alerts`: every alert is made once for real, by a fault in real processes, and seen to fire and to end in a real
 * Prometheus. Its rules are the shipped ones with a second for each minute. No part of `npm test`: it takes minutes.
 */
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest'
import { choices, panels, queriesOf, sent } from '../src/dashboard.ts'
import { needs } from '../src/needs.ts'
import { alerts } from '../src/rules.ts'
import { type Firing, World } from '../src/world.ts'

const isWanted = process.env['WITH_ALERTS'] !== undefined

describe('made for real', () => {
  let world: World
  let isOpen = false
  needs(isWanted ? ['prometheus', 'prometheus-redis-exporter'] : [], async () => {
    if (!isWanted) return
    world = await World.start()
    isOpen = true
    await world.isScraped()
  })
  beforeEach(({ skip }) => skip(!isWanted, '`npm run alerts` makes every alert for real'))
  afterEach(async () => {
    if (isOpen) await world.isCalm()
  })
  afterAll(async () => {
    if (isOpen) await world[Symbol.asyncDispose]()
  })
  const seen = new Set<string>()
  const fires = async (name: string, labels: Readonly<Record<string, string>> = {}): Promise<Firing> => {
    const alert = await world.fires(name, labels)
    seen.add(`${name} ${alert.labels['severity']} ${alert.labels['cause'] ?? ''}`.trim())
    for (const text of Object.values(alert.annotations)) expect(text).not.toMatch(/<no value>|<error|\{\{/)
    console.log(`fired: ${alert.annotations['summary']}`)
    return alert
  }

  it('nothing fires while nothing is wrong', async () => {
    expect(await world.alerts()).toEqual([])
  })

  it('Redis is stopped', async () => {
    await world.redis.kill()
    const { annotations } = await fires('HoldfastStorageDown', { prefix: 'shop' })
    expect(annotations['description']).toContain('does not answer 2 process(es)')
    await fires('HoldfastBreakerOpen', { prefix: 'shop' })
    await world.redis.restart()
  })

  it('Redis freezes, and its connections stay', async () => {
    world.redis.pause()
    await fires('HoldfastStorageDown')
    await fires('HoldfastBreakerOpen')
    expect(await world.query('holdfast_storage_connected == 1')).toBe(2)
    world.redis.resume()
  })

  it('the memory of Redis fills', async () => {
    const limit = 64 * 1024 ** 2
    await world.redis.ask('SETRANGE', 'filler', Math.floor(limit * 0.86), 'x')
    await fires('HoldfastRedisMemory', { severity: 'warning' })
    await world.redis.ask('SETRANGE', 'more', Math.floor(limit * 0.08), 'x')
    await fires('HoldfastRedisMemory', { severity: 'critical' })
    await world.redis.ask('DEL', 'filler', 'more')
  })

  it('the source of a cache fails', async () => {
    for (const shop of world.shops) shop.tell({ do: 'source', works: false })
    await fires('HoldfastLoaderFailures', { cache: 'prices' })
    for (const shop of world.shops) shop.tell({ do: 'source', works: true })
  })

  it('callers pile up before a lock that its holder keeps', async () => {
    const [one, other] = world.shops
    one?.tell({ do: 'hold', lock: 'stock:1' })
    await world.shows('holdfast_lock_held{lock="stock:*"} == 1')
    one?.tell({ do: 'queue', lock: 'stock:1', callers: 10 })
    other?.tell({ do: 'queue', lock: 'stock:1', callers: 11 })
    const { annotations } = await fires('HoldfastWaitersPileUp', { lock: 'stock:*' })
    expect(annotations['summary']).toContain('21 callers wait for stock:*')
    one?.tell({ do: 'end' })
  })

  it('a process freezes while it holds a lock, and another one gets it', async () => {
    const [one, other] = world.shops
    one?.tell({ do: 'hold', lock: 'seat:1' })
    await world.shows('holdfast_lock_held{lock="seat:*"} == 1')
    one?.kill('SIGSTOP')
    other?.tell({ do: 'hold', lock: 'seat:1' })
    await world.shows(`holdfast_lock_held{lock="seat:*", instance="${other?.instance}"} == 1`)
    one?.kill('SIGCONT')
    await fires('HoldfastLeaseLost', { cause: 'lost', lock: 'seat:*' })
    other?.tell({ do: 'end' })
  })

  it('a job hangs: its process renews the lease, and no other one takes it over', async () => {
    world.shops[0]?.tell({ do: 'run', jobType: 'export', jobKey: 'may' })
    await fires('HoldfastJobStuck', { job_type: 'export' })
    world.shops[0]?.tell({ do: 'end' })
  })

  it('the owner of a job is killed, and another process takes the job over', async () => {
    const [one, other] = world.shops
    one?.tell({ do: 'run', jobType: 'import', jobKey: 'june' })
    await world.shows('holdfast_job_running{job_type="import"} == 1')
    other?.tell({ do: 'run', jobType: 'import', jobKey: 'june' })
    one?.kill('SIGKILL')
    await fires('HoldfastLeaseLost', { cause: 'takeover', job_type: 'import' })
    other?.tell({ do: 'end' })
  })

  it('each panel of the dashboard shows something', async () => {
    const empty: string[] = []
    for (const panel of panels())
      for (const query of queriesOf(panel))
        if ((await world.query(sent(query, '10m'))) === 0) empty.push(`${panel.title}: ${query.expr}`)
    expect(empty).toEqual([])
  })

  it('each choice at the top of the dashboard has values', async () => {
    const offered = await Promise.all(
      choices().map(async ({ series, label }) => await world.values(series, label)),
    )
    const processes = world.shops.map(({ instance }) => instance).toSorted()
    expect(offered.slice(0, 2)).toEqual([['shop'], processes])
    expect(offered[2]).toHaveLength(1)
  })

  it('was seen of every rule', () => {
    const all = alerts().map(({ alert, labels }) =>
      `${alert} ${labels.severity} ${labels.cause ?? ''}`.trim(),
    )
    expect([...seen].sort()).toEqual(all.sort())
  })
})
