import { type Script, defineScript } from '../script.ts'
import { CLOCK } from './lua.ts'

/** Reads a record with the instant of the reading. */
export const readRecord: Script<[record: string], []> = defineScript({
  name: 'records.read',
  keys: 1,
  args: 0,
  once: CLOCK,
  source: `
-- Reads a record with the instant of the reading.
-- KEYS: 1 record
-- Returns one string: 'R' now record   or   'A' now when nothing is there
local found = redis.call('GET', KEYS[1])
${CLOCK}
if not found or string.byte(found) == 120 then return 'A' .. us end
return 'R' .. us .. found
`,
})
