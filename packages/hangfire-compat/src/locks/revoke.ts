import { type Script, defineScript } from '@holdfast/redis-protocol'
import { CLOCK, FOUND } from './lua.ts'

/** Deletes the lock's key if Node holds it: what .NET holds is never deleted (H2). */
export const revokeLock: Script<[lock: string, memory: string], [token: string, memoryMs: string]> =
  defineScript({
    name: 'hangfire.locks.revoke',
    keys: 2,
    args: 2,
    source: `
-- Deletes the lock's key if it is of a Node process.
-- KEYS: 1 lock  2 what is remembered of Node's holders
-- ARGV: 1 token, or '' for whichever Node process holds it  2 how long to remember, in ms
-- Returns one string: V, the clock in µs, the token that lost it, or nothing
${CLOCK}
${FOUND}
if not found or found ~= granted or (ARGV[1] ~= '' and ARGV[1] ~= found) then return 'V' .. us end
redis.call('DEL', KEYS[1])
redis.call('SET', KEYS[2], fence .. 'l' .. granted, 'PX', ARGV[2])
return 'V' .. us .. found
`,
  })
