import { type Script, defineScript } from '../script.ts'

/**
 * Deletes one revision of a record, or what one write left, whether that write has been executed or not.
 *
 * A trace stays for a minute: the revision, so that the next one is greater although the clock was set back or is
 * coarse, and the writes that were voided, so that they do nothing if they are executed late. GETEX: as in
 * `compare-and-set.ts`.
 */
export const compareAndDelete: Script<
  [record: string, index: string, trace: string],
  [rev: string, writeId: string, notAfter: string, id: string]
> = defineScript({
  name: 'records.compareAndDelete',
  keys: 3,
  args: 4,
  source: `
-- Deletes one revision of a record, or what one write left.
-- KEYS: 1 record  2 index of its bucket  3 trace of its deletion
-- ARGV: 1 rev, 16 digits, or ''  2 writeId or ''  3 until when to void that write, in ms, or ''  4 id
-- Returns one string: 'D' now          nothing is there now
--                     'R' now record   not deleted: another one is there
-- Trace: rev, 16 digits, and until, 13 digits, and each voided writeId between blanks
local call = redis.call
local found = call('GETEX', KEYS[1])
local time = call('TIME')
local us = time[1] * 1000000 + time[2]
local ms = math.floor(us / 1000)
local now = string.format('%016.0f', us)
local id = ARGV[2] .. ' '
local hit = found and (string.sub(found, 1, 16) == ARGV[1] or ARGV[2] ~= '' and string.sub(found, 74, 73 + #id) == id)
local voided = ARGV[2] ~= '' and ms <= tonumber(ARGV[3])
if hit or voided then
  local rev, last, ids = us, 0, ' '
  local trace = call('GET', KEYS[3])
  if trace then
    rev, last, ids = tonumber(string.sub(trace, 1, 16)), tonumber(string.sub(trace, 18, 30)), string.sub(trace, 31)
  end
  if hit then rev = math.max(rev, tonumber(string.sub(found, 1, 16))) end
  if last < ms then ids = ' ' end
  if voided then
    last = math.max(last, tonumber(ARGV[3]))
    if not string.find(ids, ' ' .. id, 1, true) then ids = string.sub(ids, -4000) .. id end
  end
  call('SET', KEYS[3], string.format('%016.0f %013.0f', rev, last) .. ids, 'PX', math.max(60000, last - ms))
end
if hit then
  call('DEL', KEYS[1])
  call('ZREM', KEYS[2], ARGV[4])
  redis.pcall('PUBLISH', KEYS[1], '')
elseif found then
  return 'R' .. now .. found
end
return 'D' .. now
`,
})
