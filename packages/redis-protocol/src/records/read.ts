import { type Script, defineScript } from '../script.ts'

/** Reads a record with the instant of the reading. */
export const readRecord: Script<[record: string], []> = defineScript({
  name: 'records.read',
  keys: 1,
  args: 0,
  source: `
-- Reads a record with the instant of the reading.
-- KEYS: 1 record
-- Returns one string: 'R' now record   or   'A' now when nothing is there
local found = redis.call('GET', KEYS[1])
local time = redis.call('TIME')
local now = string.format('%016.0f', time[1] * 1000000 + time[2])
if found then return 'R' .. now .. found end
return 'A' .. now
`,
})
