import { type Script, defineScript } from '../script.ts'

/** Creates a record where none is, or answers the one that is there. */
export const createOrRead: Script<
  [record: string, index: string, trace: string],
  [writeId: string, ttlMs: string, notAfter: string, value: string, id: string, notify: string]
> = defineScript({
  name: 'records.createOrRead',
  keys: 3,
  args: 6,
  source: `
-- Creates a record where none is, or answers the one that is there.
-- KEYS: 1 record  2 index of its bucket  3 trace of its deletion
-- ARGV: 1 writeId  2 ttl in ms  3 latest instant in ms or ''  4 value  5 id  6 '1' to publish a hint
-- Returns one string: 'C' now rev      created
--                     'R' now record   there is one
--                     'L' now          too late, or voided: nothing is there
local call = redis.call
local found = call('MGET', KEYS[1], KEYS[3])
local time = call('TIME')
local us = time[1] * 1000000 + time[2]
local now = string.format('%016.0f', us)
if found[1] then return 'R' .. now .. found[1] end
local ms = math.floor(us / 1000)
local rev = us
local trace = found[2]
if trace then
  if ms <= tonumber(string.sub(trace, 18, 30)) and string.find(trace, ' ' .. ARGV[1] .. ' ', 31, true) then
    return 'L' .. now
  end
  rev = math.max(us, tonumber(string.sub(trace, 1, 16)) + 1)
end
if ARGV[3] ~= '' and ms > tonumber(ARGV[3]) then return 'L' .. now end
local ttl = tonumber(ARGV[2])
local listed = ms + ttl + math.floor(ttl / 8)
call('SET', KEYS[1], string.format('%016.0f %013.0f %013.0f %013.0f %013.0f ', rev, ms, ms, ms + ttl, listed)
  .. ARGV[1] .. ' ' .. ARGV[4], 'PX', ARGV[2])
call('ZADD', KEYS[2], listed, ARGV[5])
if call('PTTL', KEYS[2]) < listed - ms then call('PEXPIRE', KEYS[2], 2 * (listed - ms)) end
if us % 16 == 0 then
  local old = call('ZRANGEBYSCORE', KEYS[2], '-inf', ms, 'LIMIT', 0, 64)
  if #old > 0 then call('ZREM', KEYS[2], unpack(old)) end
end
if ARGV[6] == '1' then redis.pcall('PUBLISH', KEYS[1], '') end
return 'C' .. now .. string.format('%016.0f', rev)
`,
})
