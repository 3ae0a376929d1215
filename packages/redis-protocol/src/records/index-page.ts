import { type Script, defineScript } from '../script.ts'

/**
 * The next ids of one bucket's index, in the order of their scores. A score only grows while its record lives, so
 * whoever walks up the scores meets every record that lives during the whole walk.
 */
export const indexPage: Script<[index: string], [score: string, id: string, limit: string]> = defineScript({
  name: 'records.indexPage',
  keys: 1,
  args: 3,
  source: `
-- The next ids of one bucket's index, in the order of their scores.
-- KEYS: 1 index
-- ARGV: 1 score and 2 id of the last one that was read, both '' to begin  3 how many at most
-- Returns now, then id and score of each
local time = redis.call('TIME')
local us = time[1] * 1000000 + time[2]
local page
local rank = ARGV[1] ~= '' and redis.call('ZSCORE', KEYS[1], ARGV[2]) == ARGV[1] and redis.call('ZRANK', KEYS[1], ARGV[2])
if rank then
  page = redis.call('ZRANGE', KEYS[1], rank + 1, rank + ARGV[3], 'WITHSCORES')
else
  local from = ARGV[1]
  if from == '' then from = string.format('(%.0f', math.floor(us / 1000)) end
  page = redis.call('ZRANGEBYSCORE', KEYS[1], from, '+inf', 'WITHSCORES', 'LIMIT', 0, ARGV[3])
end
table.insert(page, 1, string.format('%016.0f', us))
return page
`,
})
