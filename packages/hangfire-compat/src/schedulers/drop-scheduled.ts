import { type Script, defineScript } from '@holdfast/redis-protocol'

/** Removes a member of the schedule whose job is gone, or is not scheduled: storage 1.9.4 leaves such behind. */
export const dropScheduled: Script<[schedule: string, job: string, stateLock: string], [member: string]> =
  defineScript({
    name: 'hangfire.schedulers.dropScheduled',
    keys: 3,
    args: 1,
    source: `
-- Removes a member of the schedule, unless its job is scheduled.
-- KEYS: 1 schedule  2 job  3 its state's lock
-- ARGV: 1 the member
-- Returns 1 when it did, 0 when the job is scheduled, or .NET is about to change it
if redis.call('EXISTS', KEYS[3]) == 1 or redis.call('HGET', KEYS[2], 'State') == 'Scheduled' then return '0' end
redis.call('ZREM', KEYS[1], ARGV[1])
return '1'
`,
  })
