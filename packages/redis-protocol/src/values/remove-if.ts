import { type Script, defineScript } from '../script.ts'

/** Removes a value that is still exactly the expected one. */
export const removeValueIf: Script<[value: string], [expected: string]> = defineScript({
  name: 'values.removeIf',
  keys: 1,
  args: 1,
  source: `
-- Removes a value that is still exactly the expected one.
-- KEYS: 1 value
-- ARGV: 1 expected
-- Returns '1' when it was removed, else '0'
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return '0' end
redis.call('UNLINK', KEYS[1])
return '1'
`,
})
