import { type Script, defineScript } from '@holdfast/redis-protocol'

/**
 * Takes an entry out of a `dequeued` list, and puts its job back into the queue or not, while all is as the watcher saw it: a
 * slide of `Fetched`, an acknowledgement or a change of state since then keeps it where it is.
 */
export const settleFetched: Script<
  [job: string, state: string, stateLock: string, dequeued: string, queue: string],
  [id: string, fetched: string, checked: string, stateName: string, serverId: string, channel: string]
> = defineScript({
  name: 'hangfire.schedulers.settleFetched',
  keys: 5,
  args: 6,
  source: `
-- Takes an entry out of a list of fetched jobs, and puts the job back or not.
-- KEYS: 1 job  2 its state  3 its state's lock  4 the list of fetched jobs  5 the queue
-- ARGV: 1 id  2 Fetched, 3 Checked and 4 State of the job as they were seen, '' for none  5 ServerId of its state
-- ARGV: 6 the channel on which workers hear of it, or '' to put nothing back
-- Returns 1 when it did, 0 when something has changed since, or .NET is about to change it
if redis.call('EXISTS', KEYS[3]) == 1 then return '0' end
local seen = redis.call('HMGET', KEYS[1], 'Fetched', 'Checked', 'State')
if (seen[1] or '') ~= ARGV[2] or (seen[2] or '') ~= ARGV[3] or (seen[3] or '') ~= ARGV[4] then return '0' end
if (redis.call('HGET', KEYS[2], 'ServerId') or '') ~= ARGV[5] then return '0' end
if redis.call('LREM', KEYS[4], '-1', ARGV[1]) == 0 then return '0' end
redis.call('HDEL', KEYS[1], 'Fetched', 'Checked')
if ARGV[6] ~= '' then
  redis.call('RPUSH', KEYS[5], ARGV[1])
  redis.call('PUBLISH', ARGV[6], ARGV[1])
end
return '1'
`,
})
