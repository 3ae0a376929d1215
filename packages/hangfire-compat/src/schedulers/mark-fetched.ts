import { type Script, defineScript } from '@holdfast/redis-protocol'

/** Notes when an entry of a `dequeued` list was first seen without a time. It makes no hash for a job that is gone. */
export const markFetched: Script<
  [job: string, dequeued: string],
  [id: string, fetched: string, checked: string, date: string]
> = defineScript({
  name: 'hangfire.schedulers.markFetched',
  keys: 2,
  args: 4,
  source: `
-- Notes when an entry of a list of fetched jobs was first seen without a time.
-- KEYS: 1 job  2 the list of fetched jobs
-- ARGV: 1 id  2 Fetched and 3 Checked as they were seen, '' for none  4 the date
-- Returns 1 when it did, 0 when something has changed since
if redis.call('EXISTS', KEYS[1]) == 0 then return '0' end
local seen = redis.call('HMGET', KEYS[1], 'Fetched', 'Checked')
if (seen[1] or '') ~= ARGV[2] or (seen[2] or '') ~= ARGV[3] then return '0' end
if not redis.call('LPOS', KEYS[2], ARGV[1]) then return '0' end
redis.call('HSET', KEYS[1], 'Checked', ARGV[4])
return '1'
`,
})
