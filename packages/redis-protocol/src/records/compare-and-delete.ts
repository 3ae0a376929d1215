import { type Script, defineScript } from '../script.ts'
import { NO_RECORD, RECORD_PATTERN, revision } from './format.ts'
import { CLOCK } from './lua.ts'

/**
 * Deletes one revision of a record, or what one write left, whether that write has been executed or not.
 *
 * What stays is described in `format.ts`. GETEX: as in `compare-and-set.ts`.
 */
export const compareAndDelete: Script<
  [record: string, voided: string],
  [rev: string, writeId: string, notAfter: string]
> = defineScript({
  name: 'records.compareAndDelete',
  keys: 2,
  args: 3,
  once: CLOCK,
  source: `
-- Deletes one revision of a record, or what one write left.
-- KEYS: 1 record  2 writes that were voided
-- ARGV: 1 rev, 16 digits, zeros for what is no record, or ''  2 writeId or ''  3 until when to void that write, 13 digits
-- Returns one string: 'D' now          nothing is there now
--                     'R' now record   not deleted: another one is there
local call, sub = redis.call, string.sub
local found = call('GETEX', KEYS[1])
${CLOCK}
local live = found and string.byte(found) ~= 120
local foreign = live and ARGV[1] == '${revision(NO_RECORD)}' and not string.match(found, '${RECORD_PATTERN}')
local hit = foreign or live and (sub(found, 1, 16) == ARGV[1] or string.match(found, '%S+', 87) == ARGV[2])
local voids = ARGV[2] ~= '' and ms <= ARGV[3]
local px = string.format('%.0f', math.max(60000, ARGV[3] - ms))
if voids then
  local last, ids = ARGV[3], ' ' .. ARGV[2] .. ' '
  local before = call('GET', KEYS[2])
  if before and ms <= sub(before, 1, 13) then
    if sub(before, 1, 13) > last then last = sub(before, 1, 13) end
    if string.find(before, ids, 14, true) then ids = sub(before, 14) else ids = ids .. sub(before, 15, 4000) end
  end
  call('SET', KEYS[2], last .. ids, 'PX', px)
end
if live and not hit then return 'R' .. us .. found end
if hit or voids then
  local rev = us
  if hit and not foreign and sub(found, 1, 16) > us then rev = sub(found, 1, 16) end
  if found and not live and sub(found, 2, 17) > us then rev = sub(found, 2, 17) end
  call('SET', KEYS[1], 'x' .. rev, 'PX', px)
end
if hit then redis.pcall('PUBLISH', KEYS[1], '') end
return 'D' .. us
`,
})
