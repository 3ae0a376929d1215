import { type Script, defineScript } from '../script.ts'
import { BEGINNING } from './lua.ts'

/** Gives a value that still begins as expected another time to live. */
export const extendValue: Script<[value: string], [expected: string, ttlMs: string]> = defineScript({
  name: 'values.extend',
  keys: 1,
  args: 2,
  source: `
-- Gives a value that still begins as expected another time to live.
-- KEYS: 1 value
-- ARGV: 1 beginning that is expected  2 ttl in ms
-- Returns '1' when it was extended, else '0'
${BEGINNING}
if begins then redis.call('PEXPIRE', KEYS[1], ARGV[2]) end
return begins and '1' or '0'
`,
})
