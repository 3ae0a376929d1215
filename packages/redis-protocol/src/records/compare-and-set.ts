import { type Script, defineScript } from '../script.ts'

/**
 * Replaces one revision of a record.
 *
 * It reads with GETEX, which Redis counts as a write that takes no memory: after it, a script without shebang may
 * write although Redis is out of memory, so that what was begun can be finished (G13). GET would not do.
 */
export const compareAndSet: Script<
  [record: string, index: string],
  [rev: string, writeId: string, ttlMs: string, notAfter: string, value: string, id: string, notify: string]
> = defineScript({
  name: 'records.compareAndSet',
  keys: 2,
  args: 7,
  source: `
-- Replaces one revision of a record.
-- KEYS: 1 record  2 index of its bucket
-- ARGV: 1 rev, 16 digits  2 writeId  3 ttl in ms  4 latest instant in ms or ''  5 value  6 id  7 '1' to publish a hint
-- Returns one string: 'C' now rev createdAt   replaced
--                     'R' now record          not replaced: another revision, this very write, or too late
--                     'A' now                 nothing is there
local call = redis.call
local found = call('GETEX', KEYS[1])
local time = call('TIME')
local us = time[1] * 1000000 + time[2]
local now = string.format('%016.0f', us)
if not found then return 'A' .. now end
if string.sub(found, 1, 16) ~= ARGV[1] then return 'R' .. now .. found end
local ms = math.floor(us / 1000)
local id = ARGV[2] .. ' '
if string.sub(found, 74, 73 + #id) == id or ARGV[4] ~= '' and ms > tonumber(ARGV[4]) then
  return 'R' .. now .. found
end
local rev = math.max(us, tonumber(ARGV[1]) + 1)
local created = string.sub(found, 18, 30)
local listed = tonumber(string.sub(found, 60, 72))
local ttl = tonumber(ARGV[3])
if ms + ttl > listed then
  listed = ms + ttl + math.floor(ttl / 8)
  call('ZADD', KEYS[2], listed, ARGV[6])
  if call('PTTL', KEYS[2]) < listed - ms then call('PEXPIRE', KEYS[2], 2 * (listed - ms)) end
end
call('SET', KEYS[1], string.format('%016.0f %s %013.0f %013.0f %013.0f ', rev, created, ms, ms + ttl, listed)
  .. id .. ARGV[5], 'PX', ARGV[3])
if ARGV[7] == '1' then redis.pcall('PUBLISH', KEYS[1], '') end
return 'C' .. now .. string.format('%016.0f', rev) .. created
`,
})
