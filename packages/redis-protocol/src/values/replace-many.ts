import type { Argument } from '../client.ts'
import { CLOCK } from '../records/lua.ts'
import { type Script, type Strings, defineScript } from '../script.ts'

/** Overwrites many values that begin alike: what `replaceValue` does for each. */
export const replaceValues: Script<Strings, readonly [expected: string, ...valuesAndTtls: Argument[]]> =
  defineScript({
    name: 'values.replaceMany',
    keys: Infinity,
    args: Infinity,
    source: `
-- Overwrites each value that still begins as expected; stored behind the clock in ms.
-- KEYS: 1 value  2 value ...
-- ARGV: 1 beginning that is expected  2 new value of the first key  3 its ttl in ms  4 that of the second key ...
-- Returns '1' when all new values are there (also when the command is a repetition), else for each key '1', '0' or its error
local expected = ARGV[1]
-- As text: Redis formats each number anew that a command gets.
local last = string.format('%d', #expected + 1)
${CLOCK}
local replies
local function replace(key)
  local value = ARGV[2 * key]
  local head = redis.call('GETRANGE', KEYS[key], '0', last)
  if expected ~= '' and (head == expected or string.sub(head, 1, #expected) == expected) then
    redis.call('SET', KEYS[key], ms .. value, 'PX', ARGV[2 * key + 1])
    if #head <= #expected + 1 and string.byte(head, -1) == 43 then redis.pcall('PUBLISH', KEYS[key], '') end
    return '1'
  end
  if head ~= '' and redis.call('GETRANGE', KEYS[key], '13', '44') == string.sub(value, 1, 32) then return '1' end
  redis.pcall('PUBLISH', KEYS[key], '')
  return '0'
end
for key = 1, #KEYS do
  local ok, reply = pcall(replace, key)
  if not ok then reply = {err = type(reply) == 'table' and reply.err or reply} end
  if not replies and reply ~= '1' then
    replies = {}
    for before = 1, key - 1 do replies[before] = '1' end
  end
  if replies then replies[key] = reply end
end
return replies or '1'
`,
  })
