import { type Script, defineScript } from '@holdfast/redis-protocol'

/** Writes fields of a recurring job and when it runs next, while this process holds the lock of that recurring job. */
export const writeRecurring: Script<
  [lock: string, recurringJob: string, recurringJobs: string],
  [token: string, id: string, score: string, fields: string, how: string]
> = defineScript({
  name: 'hangfire.recurring.write',
  keys: 3,
  args: 5,
  source: `
-- Writes fields of a recurring job, and its score, under its lock.
-- KEYS: 1 the lock  2 the recurring job  3 recurring-jobs
-- ARGV: 1 the token of the lock  2 id  3 score  4 names and values as a JSON array
-- ARGV: 5 'move' sets the score, 'keep' sets it where there is none, 'drop' takes out a member that has no hash
-- Returns 1 when it did, 0 when the lock is not the token's
if redis.pcall('GET', KEYS[1]) ~= ARGV[1] then return '0' end
if ARGV[5] == 'drop' then
  if redis.call('EXISTS', KEYS[2]) == 0 then redis.call('ZREM', KEYS[3], ARGV[2]) end
  return '1'
end
local fields = cjson.decode(ARGV[4])
if #fields > 0 then redis.call('HSET', KEYS[2], unpack(fields)) end
if ARGV[5] == 'move' then redis.call('ZADD', KEYS[3], ARGV[3], ARGV[2])
else redis.call('ZADD', KEYS[3], 'NX', ARGV[3], ARGV[2]) end
return '1'
`,
})
