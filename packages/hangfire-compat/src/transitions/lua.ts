import type { HangfireKeys } from '../wire/keys.ts'

/** Lua that the scripts share that change states. */

/**
 * What leaving a state undoes. `KEYS`: 1 schedule, 2 retries, 3 processing, 4 failed, 5 succeeded, 6 deleted, 7 stats:succeeded,
 * 8 stats:deleted, 9 queues, 10 awaiting: .NET below level 180 adds its waiting jobs to that, and one that stays in it breaks a page of
 * the dashboard for ever. Nothing here adds to it.
 *
 * A member of the schedule may be `queue:id`, of a queue that storage 1.9.4 writes nowhere else.
 */
export const LEAVE = `
local function leave(name, id, explicit)
  if name == 'Scheduled' then
    redis.call('ZREM', KEYS[2], id)
    local removed = redis.call('ZREM', KEYS[1], id)
    if explicit then removed = removed + redis.call('ZREM', KEYS[1], explicit .. ':' .. id) end
    if removed == 0 then
      for _, queue in ipairs(redis.call('SMEMBERS', KEYS[9])) do redis.call('ZREM', KEYS[1], queue .. ':' .. id) end
    end
  elseif name == 'Processing' then
    redis.call('ZREM', KEYS[3], id)
  elseif name == 'Failed' then
    redis.call('ZREM', KEYS[2], id)
    redis.call('ZREM', KEYS[4], id)
  elseif name == 'Succeeded' then
    redis.call('DECR', KEYS[7])
    redis.call('LREM', KEYS[5], 0, id)
  elseif name == 'Deleted' then
    redis.call('DECR', KEYS[8])
    redis.call('LREM', KEYS[6], 0, id)
  elseif name == 'Awaiting' then
    redis.call('ZREM', KEYS[10], id)
  end
end`

/** The keys that `LEAVE` needs, in its order. */
export function sharedKeys(keys: HangfireKeys): readonly string[] {
  return [
    keys.schedule,
    keys.retries,
    keys.processing,
    keys.failed,
    keys.succeeded,
    keys.deleted,
    keys.stats('succeeded'),
    keys.stats('deleted'),
    keys.queues,
    keys.awaiting,
  ]
}
