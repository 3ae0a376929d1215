/**
 * The cache beside the raw commands and the peers: `npm run bench -- cache [--rounds 7]
 * [--only hits,tags,cold,storm,stale,frozen,many,pattern] [--quick]`.
 *
 * Raw is GET and SET with JSON on the same client. Where many processes want one key, the contenders take turns instead.
 * Commands are counted by MONITOR, in their own runs.
 */
import { parseArgs } from 'node:util'
import { startRedis } from '@holdfast/test-support/redis'
import { besideRaw } from './beside-raw.ts'
import { cacheContenders } from './cache-contenders.ts'
import { commandsOfMisses, removals, thaw } from './cache-servers.ts'
import { loadsOfMany, stormOf } from './cache-storms.ts'
import type { CacheTask, HitBy } from './cache-worker.ts'

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '7' },
    only: { type: 'string', default: 'hits,tags,cold,storm,stale,frozen,many,pattern' },
    quick: { type: 'boolean', default: false },
  },
})
const rounds = Number(values.rounds)
const wanted = new Set(values.only.split(','))
const names = Object.keys(cacheContenders).filter((name) => !values.quick || /^(raw|holdfast)/.test(name))
const peers = names.filter((name) => !name.startsWith('raw'))

const redis = await startRedis()
const field = besideRaw<CacheTask>({
  script: new URL('./cache-worker.ts', import.meta.url),
  names,
  onNodeRedis: ['holdfast redis', 'raw redis', 'cacheable', 'cache-manager'],
  rounds,
  url: redis.url,
})
const { start, latency, throughput } = field

const hits = (title: string, by: HitBy): Promise<void> =>
  throughput(`${title}, 64 callers`, { run: 'hits', by, callers: 64, ms: 400 })

try {
  if (wanted.has('hits')) {
    await hits('Hits of get, 740 bytes', 'get')
    await hits('Hits of getOrCreate', 'getOrCreate')
  }
  if (wanted.has('tags')) {
    await hits('Hits of getOrCreate with a tag that all share', 'sharedTag')
    await hits('Hits of getOrCreate with a tag for each', 'ownTag')
    await hits('Hits of get, which names no tag, with a tag that all share', 'getSharedTag')
    await hits('Hits of get, which names no tag, with a tag for each', 'getOwnTag')
  }
  if (wanted.has('cold')) {
    await latency('A miss of getOrCreate, one at a time, beside GET and SET: p50', {
      run: 'misses',
      count: 500,
    })
    await commandsOfMisses(names, start, redis.url)
  }
  if (wanted.has('storm')) {
    await stormOf('2 processes × 200 callers of a cold key, whose load takes 50 ms', {
      names: peers,
      start,
      rounds,
      url: redis.url,
      callers: 200,
      by: 'getOrCreate',
    })
    await loadsOfMany(peers, start, rounds)
  }
  if (wanted.has('stale')) {
    await stormOf('2 processes × 50 callers of a stale key, whose load takes 50 ms', {
      names: peers,
      start,
      rounds,
      url: redis.url,
      callers: 50,
      by: 'getOrRefresh',
    })
  }
  if (wanted.has('frozen')) await thaw(peers, start)
  if (wanted.has('many')) {
    const many = { run: 'many', keys: 100, count: 300 } as const
    await latency('100 keys that are there, beside MGET: p50', { ...many, missing: false })
    await latency('100 keys that are missing, beside MGET and SET in a pipeline: p50', {
      ...many,
      missing: true,
    })
    await latency('p99 of get while 20,000 keys are read all the time', {
      run: 'besideMany',
      keys: 20_000,
      ms: 700,
    })
  }
  if (wanted.has('pattern')) {
    await removals(
      names.filter((name) => name.startsWith('holdfast')),
      start,
      rounds,
    )
  }
} finally {
  await redis.stop()
}
