import { type Script, defineScript } from '../script.ts'

/** `SET NX GET PX`, which Redis has as one command since 7.0. */
export const reserveValue: Script<[value: string], [placeholder: string, ttlMs: string]> = defineScript({
  name: 'values.reserve',
  keys: 1,
  args: 2,
  source: `
-- SET NX GET PX for Redis 6.2.
-- KEYS: 1 value
-- ARGV: 1 placeholder  2 ttl in ms
-- Returns the value that is there, or null when the placeholder was put
local found = redis.call('GET', KEYS[1])
if not found then redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2]) end
return found
`,
})
