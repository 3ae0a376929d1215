import { type Script, defineScript } from '../script.ts'
import { BEGINNING } from './lua.ts'

/**
 * Overwrites the beginning of a value that still begins as expected, and its time to live. PEXPIRE goes first: after a
 * write that takes no memory, a script may do others although Redis is out of memory, and this one needs none.
 */
export const patchValue: Script<[value: string], [expected: string, beginning: string, ttlMs: string]> =
  defineScript({
    name: 'values.patch',
    keys: 1,
    args: 3,
    source: `
-- Overwrites the beginning of a value that still begins as expected.
-- KEYS: 1 value
-- ARGV: 1 beginning that is expected  2 what to put in its place, over as many bytes  3 ttl in ms
-- Returns '1' when the new beginning is there (also when the command is a repetition), else '0'
${BEGINNING}
if begins then
  redis.call('PEXPIRE', KEYS[1], ARGV[3])
  redis.call('SETRANGE', KEYS[1], 0, ARGV[2])
  return '1'
end
return head ~= '' and redis.call('GETRANGE', KEYS[1], 0, #ARGV[2] - 1) == ARGV[2] and '1' or '0'
`,
  })
