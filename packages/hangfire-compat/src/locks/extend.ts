import { type Script, defineScript } from '@holdfast/redis-protocol'
import { CLOCK, FOUND } from './lua.ts'

/** Lengthens the life of the lock's key while it is the token's (H2). */
export const extendLock: Script<
  [lock: string, memory: string],
  [token: string, leaseMs: string, memoryMs: string]
> = defineScript({
  name: 'hangfire.locks.extend',
  keys: 2,
  args: 3,
  source: `
-- Lengthens the life of the lock's key while it is the token's.
-- KEYS: 1 lock  2 what is remembered of Node's holders
-- ARGV: 1 token  2 lease in ms, at least  3 how long to remember, in ms, at least
-- Returns one string: H(eld) or A(bsent), and the clock in µs; then, if held, what is left in ms
${CLOCK}
${FOUND}
if found ~= ARGV[1] then return 'A' .. us end
if redis.call('PTTL', KEYS[1]) < tonumber(ARGV[2]) then redis.call('PEXPIRE', KEYS[1], ARGV[2]) end
if redis.call('PTTL', KEYS[2]) < tonumber(ARGV[3]) then redis.call('PEXPIRE', KEYS[2], ARGV[3]) end
return 'H' .. us .. string.format('%.0f', redis.call('PTTL', KEYS[1]))
`,
})
