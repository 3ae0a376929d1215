import { type Script, defineScript } from '../script.ts'
import { CLOCK, LIST_IT } from './lua.ts'

/**
 * Replaces one revision of a record.
 *
 * It reads with GETEX, which Redis counts as a write that takes no memory: after it, a script without shebang may
 * write although Redis is out of memory, so that what was begun can be finished (G13). GET would not do.
 */
export const compareAndSet: Script<
  [record: string, index: string],
  [rev: string, write: string, lifetime: string, terms: string]
> = defineScript({
  name: 'records.compareAndSet',
  keys: 2,
  args: 4,
  once: CLOCK,
  source: `
-- Replaces one revision of a record.
-- KEYS: 1 record  2 index of its bucket
-- ARGV: 1 rev, 16 digits  2 record from ttlMs on  3 time to live in ms
--       4 latest instant, 13 digits; '1' to publish a hint, '2' one that carries the record unless that is long
-- Returns one string: 'C' now rev createdAt   replaced
--                     'R' now record          not replaced: another revision, this very write, or too late
--                     'A' now                 nothing is there
local call, sub = redis.call, string.sub
local found = call('GETEX', KEYS[1])
${CLOCK}
if not found then return 'A' .. us end
local old = sub(found, 1, 16)
if old ~= ARGV[1] or ms > ARGV[4] then return 'R' .. us .. found end
if string.byte(found, 87) == string.byte(ARGV[2], 13)
  and string.match(found, '%S+', 87) == string.match(ARGV[2], '%S+', 13) then
  return 'R' .. us .. found
end
local rev = us
if us <= old then rev = string.format('%016.0f', old + 1) end
local listed = sub(found, 46, 73)
if sub(listed, 1, 13) + sub(listed, 18, 28) <= ms + ARGV[3] then
  local ttlMs = sub(ARGV[2], 1, 11)
  local listedMs, ensure = string.format('%011.0f', ttlMs + math.floor(ttlMs / 8)), true
  listed = us .. ' ' .. listedMs
  ${LIST_IT}
end
local created = sub(found, 18, 30)
local record = rev .. ' ' .. created .. ' ' .. ms .. ' ' .. listed .. ' ' .. ARGV[2]
call('SET', KEYS[1], record, 'PX', ARGV[3])
local hint = string.byte(ARGV[4], 14)
if hint ~= 48 then redis.pcall('PUBLISH', KEYS[1], hint == 50 and #record <= 4096 and record or '') end
return 'C' .. us .. rev .. created
`,
})
