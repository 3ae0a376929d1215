import { type Script, defineScript } from '../script.ts'

/** Reserves a key for a load, with a placeholder that no other execution of the same command puts. */
export const reserveValue: Script<[value: string], [mark: string, ttlMs: string]> = defineScript({
  name: 'values.reserve',
  keys: 1,
  args: 2,
  source: `
-- Puts a placeholder where nothing is.
-- KEYS: 1 value
-- ARGV: 1 mark that the placeholder begins with  2 ttl in ms
-- Returns what is there now
local found = redis.call('GET', KEYS[1])
if found then return found end
local time = redis.call('TIME')
local placeholder = ARGV[1] .. time[1] .. '.' .. time[2]
redis.call('SET', KEYS[1], placeholder, 'PX', ARGV[2])
return placeholder
`,
})
