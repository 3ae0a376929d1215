import { CLOCK } from '../records/lua.ts'
import { type Script, defineScript } from '../script.ts'

/** Puts a generation where nothing is, which no other execution of the same command puts; and lengthens its life. */
export const ensureValue: Script<[value: string], [mark: string, ttlMs: string]> = defineScript({
  name: 'values.ensure',
  keys: 1,
  args: 2,
  once: CLOCK,
  source: `
-- Puts a generation where nothing is, and sees to it that what is there lives long enough.
-- KEYS: 1 value
-- ARGV: 1 mark that the generation begins with  2 ttl in ms, at least
-- Returns what is there now
local found = redis.call('GET', KEYS[1])
if found then
  if redis.call('PTTL', KEYS[1]) < tonumber(ARGV[2]) then redis.call('PEXPIRE', KEYS[1], ARGV[2]) end
  return found
end
${CLOCK}
local generation = ARGV[1] .. us
redis.call('SET', KEYS[1], generation, 'PX', ARGV[2])
return generation
`,
})
