import { type Script, defineScript, unexpectedReply } from '@holdfast/redis-protocol'

/** What is due in `schedule` or `recurring-jobs` by Redis' clock. Scores are whole seconds. */
export const readDue: Script<[zset: string], [offset: string, count: string]> = defineScript({
  name: 'hangfire.schedulers.readDue',
  keys: 1,
  args: 2,
  source: `
-- Members whose second has begun, the earliest first, and the score of the first one after them.
-- KEYS: 1 schedule or recurring-jobs
-- ARGV: 1 how many to leave out  2 how many to return at most
-- Returns an array: the clock in ms, that score or '', the members
local time = redis.call('TIME')
local due = redis.call('ZRANGEBYSCORE', KEYS[1], '0', time[1], 'LIMIT', ARGV[1], ARGV[2])
local later = redis.call('ZRANGEBYSCORE', KEYS[1], '(' .. time[1], '+inf', 'WITHSCORES', 'LIMIT', '0', '1')
table.insert(due, 1, later[2] or '')
table.insert(due, 1, string.format('%.0f', time[1] * 1000 + math.floor(time[2] / 1000)))
return due
`,
})

export interface Due {
  /** The clock of Redis. */
  readonly now: number
  readonly members: readonly string[]
  /** In how many ms the next member is due; Infinity when there is none. */
  readonly nextInMs: number
}

export function decodeDue(reply: unknown): Due {
  const [now, next, ...members] = Array.isArray(reply) ? reply.map(String) : []
  if (now === undefined || next === undefined || !/^\d+$/.test(now))
    throw unexpectedReply(readDue.name, reply)
  const nextInMs = next === '' ? Infinity : Math.max(0, Number(next) * 1_000 - Number(now))
  return { now: Number(now), members, nextInMs }
}
