import { type Script, defineScript } from '../script.ts'

/** Overwrites a value that is still exactly the expected one. */
export const replaceValue: Script<[value: string], [expected: string, value: string, ttlMs: string]> =
  defineScript({
    name: 'values.replace',
    keys: 1,
    args: 3,
    source: `
-- Overwrites a value that is still exactly the expected one.
-- KEYS: 1 value
-- ARGV: 1 expected  2 new value  3 ttl in ms
-- Returns '1' when the new value is there (also when the command is a repetition), else '0'
local found = redis.call('GET', KEYS[1])
if found == ARGV[1] then
  redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
  return '1'
end
return found == ARGV[2] and '1' or '0'
`,
  })
