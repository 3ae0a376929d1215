import { type Script, defineScript } from '@holdfast/redis-protocol'

/** Puts a job that was taken without a state back if it has one by now. */
export const lookAgain: Script<
  [job: string, dequeued: string, queue: string],
  [id: string, otherwise: string, channel: string]
> = defineScript({
  name: 'hangfire.server.look-again',
  keys: 3,
  args: 3,
  source: `
-- Puts a job that was taken without a state back if it has one by now.
-- KEYS: 1 job  2 the dequeued list that it is in  3 its queue
-- ARGV: 1 id  2 what to do without a state: 'keep' it, 'forget' it, or put it 'back'  3 the channel of fetches
-- Returns 'B' if it was put back, 'F' if it is forgotten or was let go of before, 'K' if it is kept
local isBack = ARGV[2] == 'back' or redis.call('HEXISTS', KEYS[1], 'State') == 1
if not isBack and ARGV[2] == 'keep' then return 'K' end
if redis.call('LREM', KEYS[2], -1, ARGV[1]) == 0 then return 'F' end
redis.call('HDEL', KEYS[1], 'Fetched', 'Checked')
if not isBack then return 'F' end
redis.call('RPUSH', KEYS[3], ARGV[1])
redis.pcall('PUBLISH', ARGV[3], ARGV[1])
return 'B'
`,
})
