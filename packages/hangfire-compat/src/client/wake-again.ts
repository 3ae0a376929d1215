import { type Script, defineScript } from '@holdfast/redis-protocol'

/** Publishes again that a queue has something, if it still has. */
export const wakeAgain: Script<[queue: string], [channel: string, id: string]> = defineScript({
  name: 'hangfire.client.wake-again',
  keys: 1,
  args: 2,
  source: `
-- Publishes again that a queue has something, if it still has.
-- KEYS: 1 queue
-- ARGV: 1 the channel of fetches  2 id of a job
-- Returns '1' if it did, else '0'
if redis.call('LLEN', KEYS[1]) == 0 then return '0' end
redis.pcall('PUBLISH', ARGV[1], ARGV[2])
return '1'
`,
})
