import { type Script, defineScript } from '../script.ts'
import { CLOCK, LIST_IT } from './lua.ts'

/** Creates a record where none is, or answers what is there. */
export const createOrRead: Script<
  [record: string, index: string, voided: string],
  [write: string, lifetime: string, terms: string]
> = defineScript({
  name: 'records.createOrRead',
  keys: 3,
  args: 3,
  once: CLOCK,
  source: `
-- Creates a record where none is, or answers what is there.
-- KEYS: 1 record  2 index of its bucket  3 writes that were voided
-- ARGV: 1 record from listedMs on  2 time to live in ms
--       3 latest instant, 13 digits; '1' to publish a hint; '1' to look whether the index lives long enough
-- Returns one string: 'C' now rev      created
--                     'R' now record   there is one
--                     'L' now          too late, or this write was voided: nothing is there
local call = redis.call
local found = call('GET', KEYS[1])
${CLOCK}
local rev = us
if found then
  if string.byte(found) ~= 120 then return 'R' .. us .. found end
  local voided = call('GET', KEYS[3])
  if voided and ms <= string.sub(voided, 1, 13) and string.find(voided, string.match(ARGV[1], ' %S+ ', 24), 14, true) then
    return 'L' .. us
  end
  if us <= string.sub(found, 2, 17) then rev = string.format('%016.0f', string.sub(found, 2, 17) + 1) end
end
if ms > ARGV[3] then return 'L' .. us end
call('SET', KEYS[1], rev .. ' ' .. ms .. ' ' .. ms .. ' ' .. us .. ' ' .. ARGV[1], 'PX', ARGV[2])
local listedMs, ensure = string.sub(ARGV[1], 1, 11), string.byte(ARGV[3], 15) == 49
${LIST_IT}
if string.byte(ARGV[3], 14) == 49 then redis.pcall('PUBLISH', KEYS[1], '') end
return 'C' .. us .. rev
`,
})
