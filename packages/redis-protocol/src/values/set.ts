import { CLOCK } from '../records/lua.ts'
import { type Script, defineScript } from '../script.ts'

/** Stores a value, unless the command comes too late. */
export const setValue: Script<[value: string], [value: string | Buffer, ttlMs: string, notAfter: string]> =
  defineScript({
    name: 'values.set',
    keys: 1,
    args: 3,
    once: CLOCK,
    source: `
-- Stores a value, behind the clock in ms.
-- KEYS: 1 value
-- ARGV: 1 value  2 ttl in ms  3 latest instant in ms, 13 digits
-- Returns one string: '1' when it was stored, '0' when it was too late; then the clock in ms
${CLOCK}
if ms > ARGV[3] then return '0' .. ms end
redis.call('SET', KEYS[1], ms .. ARGV[1], 'PX', ARGV[2])
return '1' .. ms
`,
  })
