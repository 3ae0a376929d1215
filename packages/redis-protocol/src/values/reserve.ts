import { CLOCK } from '../records/lua.ts'
import { type Script, defineScript } from '../script.ts'
import { MANY } from './lua.ts'

/**
 * Reserves a key for a load, with a placeholder that no other execution of the same command puts.
 *
 * A `+` at the end of a placeholder says that another caller found it, and may wait: who ends it publishes that. APPEND
 * keeps the time to live. Where it is refused, because Redis is out of memory, that caller hears nothing; and what is there
 * is shown then as well, although nothing can be put.
 */
export const reserveValue: Script<
  [value: string],
  [mark: string, ttlMs: string, takesOver: string, instead: string | Buffer]
> = defineScript({
  name: 'values.reserve',
  keys: 1,
  args: 4,
  once: CLOCK,
  most: MANY,
  source: `
-- Puts a placeholder where nothing is, or exactly the given value.
-- KEYS: 1 value
-- ARGV: 1 mark that the placeholder begins with  2 ttl in ms  3 '1' to replace the value that follows  4 that value
-- Returns what is there now
local mark = ARGV[1]
${CLOCK}
local placeholder = mark .. us .. ';'
local put = redis.pcall('SET', KEYS[1], placeholder, 'NX', 'PX', ARGV[2])
if put and put.ok then return placeholder end
local found = redis.call('GET', KEYS[1])
if found and not (ARGV[3] == '1' and found == ARGV[4]) then
  local last = string.byte(found, -1)
  if last == 59 and string.byte(found) == string.byte(mark) and string.sub(found, 1, #mark) ~= mark then
    redis.pcall('APPEND', KEYS[1], '+')
  end
  return found
end
redis.call('SET', KEYS[1], placeholder, 'PX', ARGV[2])
return placeholder
`,
})
