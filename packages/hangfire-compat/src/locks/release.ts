import { type Script, defineScript } from '@holdfast/redis-protocol'
import { CLOCK, FOUND } from './lua.ts'

/**
 * Deletes the lock's key while it is the token's (H2), and keeps an acquire of the token that is still under way from
 * happening. DEL comes first: after it a script may write although Redis is out of memory.
 */
export const releaseLock: Script<
  [lock: string, memory: string, ended: string],
  [token: string, notAfter: string, memoryMs: string]
> = defineScript({
  name: 'hangfire.locks.release',
  keys: 3,
  args: 3,
  source: `
-- Deletes the lock's key while it is the token's, and keeps an acquire of the token from happening.
-- KEYS: 1 lock  2 what is remembered of Node's holders  3 how the token ended
-- ARGV: 1 token  2 until when an acquire may be under way, in ms, 13 digits  3 how long to remember, in ms
-- Returns one string: the letter of an ending, the clock in µs, the fence of the last grant
${CLOCK}
${FOUND}
local before = redis.call('GET', KEYS[3])
local outcome = before or 'a'
if found == ARGV[1] then
  redis.call('DEL', KEYS[1])
  outcome = 'r'
  if granted == ARGV[1] then redis.pcall('SET', KEYS[2], fence .. 'r' .. granted, 'PX', ARGV[3]) end
elseif not before and granted == ARGV[1] then
  outcome = state ~= 'h' and state or kind == 'none' and 'x' or 'l'
end
if not before and ms <= ARGV[2] then
  redis.pcall('SET', KEYS[3], outcome, 'PX', string.format('%.0f', ARGV[2] - ms + 1000))
end
return outcome .. us .. fence
`,
})
