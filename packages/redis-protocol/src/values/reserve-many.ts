import { CLOCK } from '../records/lua.ts'
import { type Script, type Strings, defineScript } from '../script.ts'

/** Reserves many keys for one load, with one placeholder: what `reserveValue` does for each, but for a value to take the place of. */
export const reserveValues: Script<Strings, [mark: string, ttlMs: string]> = defineScript({
  name: 'values.reserveMany',
  keys: Infinity,
  args: 2,
  source: `
-- Puts a placeholder under each key where nothing is.
-- KEYS: 1 value  2 value ...
-- ARGV: 1 mark that the placeholder begins with  2 ttl in ms
-- Returns the placeholder; then, for each key where it was not put, the number of the key and what is there now, or the error
local mark, ttl = ARGV[1], ARGV[2]
${CLOCK}
local placeholder = mark .. us .. ';'
local replies = {placeholder}
local function found(key)
  local there = redis.call('GET', KEYS[key])
  -- Then it is refused for want of memory, or has ended just now.
  if not there then
    redis.call('SET', KEYS[key], placeholder, 'PX', ttl)
    return placeholder
  end
  if string.byte(there, -1) == 59 and string.byte(there) == string.byte(mark) and string.sub(there, 1, #mark) ~= mark then
    redis.pcall('APPEND', KEYS[key], '+')
  end
  return there
end
for key = 1, #KEYS do
  local put = redis.pcall('SET', KEYS[key], placeholder, 'NX', 'PX', ttl)
  if not (put and put.ok) then
    local ok, reply = pcall(found, key)
    if not ok then reply = {err = type(reply) == 'table' and reply.err or reply} end
    replies[#replies + 1] = string.format('%d', key)
    replies[#replies + 1] = reply
  end
end
return replies
`,
})
