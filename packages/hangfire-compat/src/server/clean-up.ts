import { type Script, defineScript } from '@holdfast/redis-protocol'
import { OWNER } from './lua.ts'

/**
 * Removes what a worker has left of a job that is not its own any more: its entry in `dequeued`, and its `Fetched`. Another worker
 * may have taken the job from the same queue, so the entry goes only if `Fetched` is ours, or if there are two.
 */
export const cleanUpJob: Script<
  [job: string, state: string, dequeued: string],
  [id: string, serverId: string, workerId: string, fetched: string]
> = defineScript({
  name: 'hangfire.server.clean-up',
  keys: 3,
  args: 4,
  source: `
-- Removes what a worker has left of a job that is not its own any more.
-- KEYS: 1 job  2 its state  3 the dequeued list that it was in
-- ARGV: 1 id  2 ServerId  3 WorkerId  4 the Fetched that the worker wrote last
-- Returns 'M' if it is still the worker's, so that nothing was done; else 'R'(emoved) or 'N'(othing was left)
${OWNER}
if isMine then return 'M' end
local isOurs = redis.call('HGET', KEYS[1], 'Fetched') == ARGV[4]
local entries = redis.call('LPOS', KEYS[3], ARGV[1], 'COUNT', 2)
if not isOurs and #entries < 2 then return 'N' end
redis.call('LREM', KEYS[3], -1, ARGV[1])
if isOurs then redis.call('HDEL', KEYS[1], 'Fetched', 'Checked') end
return 'R'
`,
})
