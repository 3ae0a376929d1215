import { type Script, defineScript } from '../script.ts'

/** Stores a value, unless the command comes too late. */
export const setValue: Script<[value: string], [value: string, ttlMs: string, notAfter: string]> =
  defineScript({
    name: 'values.set',
    keys: 1,
    args: 3,
    source: `
-- Stores a value.
-- KEYS: 1 value
-- ARGV: 1 value  2 ttl in ms  3 latest instant in ms
-- Returns one string: '1' when it was stored, '0' when it was too late; then the clock in ms
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local stored = now <= tonumber(ARGV[3])
if stored then redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2]) end
return string.format('%d%.0f', stored and 1 or 0, now)
`,
  })
