import { randomUUID } from 'node:crypto'
import { type Cache, type GetOrCreateOptions, entry } from '@holdfast/core'
import { afterAll, expect, it, onTestFinished } from 'vitest'
import { CacheProcesses } from '../../src/cache/cache-processes.ts'
import { PREFIX, type Servers, oneServer, threeMasters } from '../../src/cache/cache-world.ts'
import { openCache } from '../../src/cache/open-cache.ts'
import { type ClientVersion, everyClient } from '../../src/cache/open-storage.ts'
import { PATIENT } from '../../src/cache/patient.ts'
import { inService, until } from '../../src/poll.ts'

const [server, cluster] = await Promise.all([oneServer(), threeMasters()])
afterAll(async () => await Promise.all([server.stop(), cluster.stop()]))

const LONGEST_MS = 60_000
const HARD_TIMEOUT_MS = 5_000
const GUARD_MS = 4_000
const REMEMBERED_MS = 10_000
const own = `holdfast:v:${PREFIX}:`

/** How long what is under this key may still live. */
function boundOf(key: string, type: string, value: string): number {
  const name = key.slice(own.length)
  if (/^#[gct]\//.test(name)) return 2 * (LONGEST_MS + HARD_TIMEOUT_MS)
  if (name.startsWith('#r/') || (type === 'string' && value.startsWith('L'))) return GUARD_MS
  return name.includes('\n') ? REMEMBERED_MS : LONGEST_MS
}

/** All keys there are, by kind; each ends, and in time. */
async function kindsOfKeys({ askAll, ask }: Servers): Promise<ReadonlySet<string>> {
  const kinds = new Set<string>()
  for (const key of (await askAll('KEYS', '*')).flat() as string[]) {
    const type = String(await ask(key, 'TYPE', key))
    const value = type === 'string' ? String(await ask(key, 'GET', key)) : ''
    const left = Number(await ask(key, 'PTTL', key))
    if (left === -2) continue
    expect(key.startsWith(own), key).toBe(true)
    expect(left, `${key} (${type} ${value})`).toBeGreaterThanOrEqual(0)
    expect(left, `${key} (${type} ${value})`).toBeLessThanOrEqual(boundOf(key, type, value))
    const name = key.slice(own.length)
    if (name.startsWith('#')) kinds.add(name.slice(0, 2))
    else if (name.includes('\n')) kinds.add('operation')
    else if (type === 'string')
      kinds.add(/^\d{13}V/.test(value) ? 'value' : value.startsWith('L') ? 'load' : 'counter')
    else kinds.add(type)
  }
  return kinds
}

/** One of them, by chance. */
function oneOf<T>(list: readonly T[]): T {
  return list[Math.floor(Math.random() * list.length)] as T
}

const KEYS = Array.from({ length: 12 }, (_, i) => `k${i}`)
const TAGS = ['red', 'green', 'blue']
const LIVES = [1, 5, 50, 1_000, 30_000]

function anyOptions(): GetOrCreateOptions {
  return {
    ttlMs: oneOf(LIVES),
    staleMs: oneOf([0, 50, 30_000]),
    tags: oneOf([[], [oneOf(TAGS)], TAGS]),
    hardTimeoutMs: HARD_TIMEOUT_MS,
    refresh: oneOf([false, false, true]),
  }
}

/** Something that a caller may do, by chance. */
async function anything(root: Cache): Promise<unknown> {
  const cache = oneOf([root, root.namespace('a'), root.namespace('a').namespace('b')])
  const key = oneOf(KEYS)
  const { refresh: _refresh, hardTimeoutMs: _hard, ...ofWrite } = anyOptions()
  const life = { ttlMs: oneOf(LIVES), ttlOn: oneOf(['create', 'always'] as const) }
  const loaded = oneOf<unknown>([
    1,
    { deep: [1] },
    undefined,
    entry('own', { ttlMs: oneOf(LIVES), tags: ['late'] }),
  ])
  const things: readonly (() => Promise<unknown>)[] = [
    () => cache.get(key),
    () => cache.getOrCreate(key, () => loaded, anyOptions()),
    () => cache.getOrCreate(key, () => loaded, anyOptions()),
    () => cache.getOrCreate(key, () => Promise.reject(new Error('load')), anyOptions()),
    () =>
      cache.getOrCreateMany(KEYS.slice(0, 3), (keys) => new Map(keys.map((each) => [each, 1])), anyOptions()),
    () => cache.set(key, { set: true }, ofWrite),
    () => cache.setMany({ k0: 1, k1: 2 }, ofWrite),
    () => cache.remove(key),
    () => cache.expire(key),
    () => cache.increment(`counter ${oneOf(KEYS)}`, 2, life),
    () => cache.decrement(`counter ${oneOf(KEYS)}`, 1, life),
    () => cache.hashSet(`hash ${oneOf(KEYS)}`, oneOf(KEYS), 1, life),
    () => cache.hashSet(`hash ${oneOf(KEYS)}`, { a: 1, b: 2 }, life),
    () => cache.hashDelete(`hash ${oneOf(KEYS)}`, 'a'),
    () => cache.invalidateTags([oneOf(TAGS)]),
    () => cache.clear(),
  ]
  return await oneOf(things)()
}

const places: readonly { where: string; servers: Servers; clients: readonly ClientVersion[] }[] = [
  { where: 'one server', servers: server, clients: everyClient },
  { where: 'a cluster', servers: cluster, clients: ['ioredis 6', 'redis 6'] },
]

it.each(places)(
  'every key ends, whatever happened to it, over $where',
  PATIENT,
  async ({ servers, clients }) => {
    const processes = new CacheProcesses()
    const caches = await Promise.all(
      clients.map((client) =>
        openCache(client, servers.place, { ttlMs: 30_000, hardTimeoutMs: HARD_TIMEOUT_MS }),
      ),
    )
    onTestFinished(async () => await processes[Symbol.asyncDispose]())
    // What a killed process leaves ends as well.
    const [client = 'ioredis 6'] = clients
    const options = { ttlMs: 30_000, hardTimeoutMs: HARD_TIMEOUT_MS }
    const victim = await processes.start({ client, place: servers.place, prefix: PREFIX, cache: options })
    const [name, space] = [randomUUID(), 'killed']
    for (const each of [1, 2, 3]) victim.load(space, `k${each}`, { name, held: true }).catch(() => {})
    await inService(() => victim.call(space, 'set', 'stale', 1, { ttlMs: 1, staleMs: 30_000 }))
    await inService(() => victim.call(space, 'expire', 'stale'))
    victim.load(space, 'stale', { name, held: true }).catch(() => {})
    await until(() => processes.loads(name).length === 4 || undefined)
    const kinds = new Set(await kindsOfKeys(servers))
    await victim.kill()
    for (let round = 0; round < 8; round += 1) {
      const busy = Array.from({ length: 60 }, () => anything(oneOf(caches)))
      for (const each of await Promise.allSettled(busy)) {
        if (each.status === 'fulfilled') continue
        expect((each.reason as Error).message).toMatch(/^load$|storage/)
      }
      for (const kind of await kindsOfKeys(servers)) kinds.add(kind)
    }
    expect([...kinds].sort()).toEqual([
      '#c',
      '#g',
      '#r',
      '#t',
      'counter',
      'hash',
      'load',
      'operation',
      'value',
    ])
  },
)
