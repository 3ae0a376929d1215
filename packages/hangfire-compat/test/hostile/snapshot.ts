import type { Redis } from 'ioredis'

/** All that is under a prefix at one instant, by what follows the prefix. */
export interface Snapshot {
  readonly hashes: ReadonlyMap<string, Readonly<Record<string, string>>>
  readonly lists: ReadonlyMap<string, readonly string[]>
  readonly sets: ReadonlyMap<string, readonly string[]>
  readonly zsets: ReadonlyMap<string, ReadonlyMap<string, number>>
  readonly strings: ReadonlyMap<string, string>
  /** Keys that expire. */
  readonly expiring: ReadonlySet<string>
}

const READ = `
local found = {}
local readers = {
  hash = function(key) return redis.call('HGETALL', key) end,
  list = function(key) return redis.call('LRANGE', key, 0, -1) end,
  set = function(key) return redis.call('SMEMBERS', key) end,
  zset = function(key) return redis.call('ZRANGE', key, 0, -1, 'WITHSCORES') end,
  string = function(key) return {redis.call('GET', key)} end,
}
for i, key in ipairs(redis.call('KEYS', ARGV[1] .. '*')) do
  local kind = redis.call('TYPE', key)['ok']
  found[i] = {kind, string.sub(key, #ARGV[1] + 1), redis.call('PTTL', key), readers[kind](key)}
end
return found`

export async function snapshot(redis: Redis, prefix: string): Promise<Snapshot> {
  const found = (await redis.eval(READ, 0, prefix)) as [string, string, number, string[]][]
  const of = <T>(kind: string, read: (items: string[]) => T): ReadonlyMap<string, T> =>
    new Map(found.flatMap(([each, key, , items]) => (each === kind ? [[key, read(items)] as const] : [])))
  return {
    hashes: of('hash', (items) => Object.fromEntries(pairs(items)) as Record<string, string>),
    lists: of('list', (items) => items),
    sets: of('set', (items) => items),
    zsets: of('zset', (items) => new Map(pairs(items).map(([member, score]) => [member, Number(score)]))),
    strings: of('string', ([value = '']) => value),
    expiring: new Set(found.flatMap(([, key, ttl]) => (ttl >= 0 ? [key] : []))),
  }
}

function pairs(items: readonly string[]): readonly (readonly [string, string])[] {
  return items.flatMap((item, at) => (at % 2 === 0 ? [[item, items[at + 1] ?? ''] as const] : []))
}
