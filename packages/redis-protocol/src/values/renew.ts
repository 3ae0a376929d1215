import { CLOCK } from '../records/lua.ts'
import { type Script, defineScript } from '../script.ts'

/**
 * Puts a generation, whatever is there. UNLINK goes first: after a write that takes no memory, a script may do others
 * although Redis is out of memory, and what is invalidated must be so also then.
 */
export const renewValue: Script<[value: string], [mark: string, ttlMs: string]> = defineScript({
  name: 'values.renew',
  keys: 1,
  args: 2,
  once: CLOCK,
  source: `
-- Puts a generation, whatever is there.
-- KEYS: 1 value
-- ARGV: 1 mark that the generation begins with  2 ttl in ms
-- Returns the generation
${CLOCK}
local generation = ARGV[1] .. us
redis.call('UNLINK', KEYS[1])
redis.call('SET', KEYS[1], generation, 'PX', ARGV[2])
return generation
`,
})
