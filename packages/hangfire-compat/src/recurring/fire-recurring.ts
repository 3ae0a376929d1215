import { type Script, defineScript } from '@holdfast/redis-protocol'
import { commitJobs } from '../transitions/commit.ts'

/**
 * Makes a job of a recurring job, and notes there that it did, in one: a scheduler that dies has done both or neither.
 *
 * It runs `commitJobs` on what follows its own keys and arguments. A repetition finds the job, and notes nothing again.
 */
export const fireRecurring: Script<readonly string[], readonly string[]> = defineScript({
  name: 'hangfire.recurring.fire',
  keys: Infinity,
  args: Infinity,
  source: `
-- Makes a job of a recurring job, and notes there that it did, under its lock.
-- KEYS: 1 the lock  2 the recurring job  3 recurring-jobs, then those of hangfire.transitions.commit
-- ARGV: 1 the token of the lock  2 id  3 score, '' to leave it  4 names and values as a JSON array, then those of
--   hangfire.transitions.commit
-- Returns what hangfire.transitions.commit does; O also when the lock is not the token's, M when there is no recurring job
local lockKey = table.remove(KEYS, 1)
local recurringKey = table.remove(KEYS, 1)
local listKey = table.remove(KEYS, 1)
local token = table.remove(ARGV, 1)
local id = table.remove(ARGV, 1)
local score = table.remove(ARGV, 1)
local fields = cjson.decode(table.remove(ARGV, 1))
if redis.pcall('GET', lockKey) ~= token then return {'O', '0', '0', ''} end
if redis.call('EXISTS', recurringKey) == 0 then return {'M', '0', '0', ''} end
local function commit()
${commitJobs.source}
end
local reply = commit()
if reply[1] == 'D' then
  redis.call('HSET', recurringKey, unpack(fields))
  if score ~= '' then redis.call('ZADD', listKey, score, id) end
end
return reply
`,
})
