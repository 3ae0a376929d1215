import { type Script, defineScript } from '@holdfast/redis-protocol'
import { CLOCK, FOUND, HOLDER } from './lua.ts'

/** Sets the lock's key to the token if nothing is there, as .NET's `SET key value EX 30 NX` does. */
export const acquireLock: Script<
  [lock: string, memory: string, ended: string],
  [token: string, leaseMs: string, notAfter: string, memoryMs: string, waits: string]
> = defineScript({
  name: 'hangfire.locks.acquire',
  keys: 3,
  args: 5,
  source: `
-- Sets the lock's key to the token if nothing is there.
-- KEYS: 1 lock  2 what is remembered of Node's holders  3 how the token ended
-- ARGV: 1 token  2 lease in ms  3 latest instant in ms, 13 digits  4 how long to remember, in ms  5 '1' asks again if it is held
-- Returns one string: a letter and the clock in µs; G(ranted) with the fence, H(eld) with its holder, L(ate), E(nded)
${CLOCK}
if ms > ARGV[3] then return 'L' .. us end
${FOUND}
local isMine = found == ARGV[1]
if not isMine and redis.call('EXISTS', KEYS[3]) == 1 then return 'E' .. us end
if not isMine and kind ~= 'none' then
  -- A copy of this command that arrives late must not be granted what its caller was refused.
  if ARGV[5] ~= '1' then redis.pcall('SET', KEYS[3], 'a', 'PX', string.format('%.0f', ARGV[3] - ms + 1000)) end
  return 'H' .. us .. ${HOLDER}
end
if isMine and granted == ARGV[1] then
  if redis.call('PTTL', KEYS[1]) < tonumber(ARGV[2]) then redis.call('PEXPIRE', KEYS[1], ARGV[2]) end
  return 'G' .. us .. fence
end
local mine = us
if mine <= fence then mine = string.format('%.0f', fence + 1) end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
redis.call('SET', KEYS[2], mine .. 'h' .. ARGV[1], 'PX', ARGV[4])
return 'G' .. us .. mine
`,
})
