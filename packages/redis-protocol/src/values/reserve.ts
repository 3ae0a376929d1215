import { CLOCK } from '../records/lua.ts'
import { type Script, defineScript } from '../script.ts'

/**
 * Reserves a key for a load, with a placeholder that no other execution of the same command puts.
 *
 * A `+` at the end of a placeholder says that another caller found it, and may wait: who ends it publishes that. APPEND
 * keeps the time to live. Where it is refused, because Redis is out of memory, that caller hears nothing.
 */
export const reserveValue: Script<
  [value: string],
  [mark: string, ttlMs: string, takesOver: string, instead: string | Buffer]
> = defineScript({
  name: 'values.reserve',
  keys: 1,
  args: 4,
  once: CLOCK,
  source: `
-- Puts a placeholder where nothing is, or exactly the given value.
-- KEYS: 1 value
-- ARGV: 1 mark that the placeholder begins with  2 ttl in ms  3 '1' to replace the value that follows  4 that value
-- Returns what is there now
local mark = ARGV[1]
local found = redis.call('GET', KEYS[1])
if found and not (ARGV[3] == '1' and found == ARGV[4]) then
  local last = string.byte(found, -1)
  if last == 59 and string.byte(found) == string.byte(mark) and string.sub(found, 1, #mark) ~= mark then
    redis.pcall('APPEND', KEYS[1], '+')
  end
  return found
end
${CLOCK}
local placeholder = mark .. us .. ';'
redis.call('SET', KEYS[1], placeholder, 'PX', ARGV[2])
return placeholder
`,
})
