import { type Script, defineScript } from '@holdfast/redis-protocol'

/** Removes a recurring job, while this process holds its lock. */
export const removeRecurring: Script<
  [lock: string, recurringJob: string, recurringJobs: string],
  [token: string, id: string]
> = defineScript({
  name: 'hangfire.recurring.remove',
  keys: 3,
  args: 2,
  source: `
-- Removes a recurring job under its lock.
-- KEYS: 1 the lock  2 the recurring job  3 recurring-jobs
-- ARGV: 1 the token of the lock  2 id
-- Returns 1 when it did, 0 when the lock is not the token's
if redis.pcall('GET', KEYS[1]) ~= ARGV[1] then return '0' end
redis.call('DEL', KEYS[2])
redis.call('ZREM', KEYS[3], ARGV[2])
return '1'
`,
})
