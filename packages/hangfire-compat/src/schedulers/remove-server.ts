import { type Script, defineScript } from '@holdfast/redis-protocol'

/** Removes a server that gives no sign of life, unless it has given one since. */
export const removeServer: Script<
  [servers: string, server: string, queues: string],
  [id: string, heartbeat: string]
> = defineScript({
  name: 'hangfire.schedulers.removeServer',
  keys: 3,
  args: 2,
  source: `
-- Removes a server, while its last sign of life is the one that was seen.
-- KEYS: 1 servers  2 the server  3 its queues
-- ARGV: 1 id  2 Heartbeat as it was seen, '' for none
-- Returns 1 when it did, 0 when the server lives
if (redis.call('HGET', KEYS[2], 'Heartbeat') or '') ~= ARGV[2] then return '0' end
redis.call('SREM', KEYS[1], ARGV[1])
redis.call('DEL', KEYS[2], KEYS[3])
return '1'
`,
})
