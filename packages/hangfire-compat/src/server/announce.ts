import { type Script, defineScript } from '@holdfast/redis-protocol'

/**
 * Announces a server, or only says that it lives if it is announced. A server that stood still for five minutes was removed by
 * a watchdog of .NET; a heartbeat alone would make a hash without `StartedAt`, for which that watchdog, and pages, fail.
 * `Holdfast` says that it is none of .NET's, which leave fields that they do not know.
 */
export const announceServer: Script<
  [servers: string, server: string, queues: string],
  [id: string, startedAt: string, heartbeat: string, workerCount: string, queues: string]
> = defineScript({
  name: 'hangfire.server.announce',
  keys: 3,
  args: 5,
  source: `
-- Announces a server, or only says that it lives if it is announced.
-- KEYS: 1 servers  2 the server's hash  3 its queues
-- ARGV: 1 id  2 StartedAt  3 Heartbeat  4 WorkerCount  5 queues, ',' between them
-- Returns 'A' if it was announced, 'H' if it was already
local isNew = redis.call('HEXISTS', KEYS[2], 'StartedAt') == 0
if isNew or redis.call('EXISTS', KEYS[3]) == 0 then
  redis.call('DEL', KEYS[3])
  for queue in string.gmatch(ARGV[5], '[^,]+') do redis.call('RPUSH', KEYS[3], queue) end
  redis.call('HSET', KEYS[2], 'WorkerCount', ARGV[4], 'StartedAt', ARGV[2], 'Holdfast', '1')
end
redis.call('HSET', KEYS[2], 'Heartbeat', ARGV[3])
redis.call('SADD', KEYS[1], ARGV[1])
return isNew and 'A' or 'H'
`,
})

/** Removes a server, all of it at once. */
export const withdrawServer: Script<[servers: string, server: string, queues: string], [id: string]> =
  defineScript({
    name: 'hangfire.server.withdraw',
    keys: 3,
    args: 1,
    source: `
-- Removes a server.
-- KEYS: 1 servers  2 the server's hash  3 its queues
-- ARGV: 1 id
-- Returns 'W'
redis.call('SREM', KEYS[1], ARGV[1])
redis.call('DEL', KEYS[2], KEYS[3])
return 'W'
`,
  })
