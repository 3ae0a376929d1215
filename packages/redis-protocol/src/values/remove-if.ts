import { type Script, defineScript } from '../script.ts'
import { BEGINNING } from './lua.ts'

/** Removes a value that still begins as expected. */
export const removeValueIf: Script<[value: string], [expected: string]> = defineScript({
  name: 'values.removeIf',
  keys: 1,
  args: 1,
  source: `
-- Removes a value that still begins as expected.
-- KEYS: 1 value
-- ARGV: 1 beginning that is expected
-- Returns '1' when it was removed, else '0'
${BEGINNING}
if begins then redis.call('UNLINK', KEYS[1]) end
if waited or not begins then redis.pcall('PUBLISH', KEYS[1], '') end
return begins and '1' or '0'
`,
})
