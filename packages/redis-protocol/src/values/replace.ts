import { CLOCK } from '../records/lua.ts'
import { type Script, defineScript } from '../script.ts'
import { BEGINNING, MANY } from './lua.ts'

/** Overwrites a value that still begins as expected. */
export const replaceValue: Script<
  [value: string],
  [expected: string, value: string | Buffer, ttlMs: string]
> = defineScript({
  name: 'values.replace',
  keys: 1,
  args: 3,
  once: CLOCK,
  most: MANY,
  source: `
-- Overwrites a value that still begins as expected; stored behind the clock in ms.
-- KEYS: 1 value
-- ARGV: 1 beginning that is expected  2 new value  3 ttl in ms
-- Returns '1' when the new value is there (also when the command is a repetition), else '0'
${BEGINNING}
if begins then
  ${CLOCK}
  redis.call('SET', KEYS[1], ms .. ARGV[2], 'PX', ARGV[3])
  if waited then redis.pcall('PUBLISH', KEYS[1], '') end
  return '1'
end
if head ~= '' and redis.call('GETRANGE', KEYS[1], 13, 44) == string.sub(ARGV[2], 1, 32) then return '1' end
redis.pcall('PUBLISH', KEYS[1], '')
return '0'
`,
})
