import { CLOCK } from '../records/lua.ts'
import { type Script, defineScript } from '../script.ts'

/** Sets fields of a hash, and its time to live, unless the command comes too late. */
export const setHashFields: Script<
  [hash: string],
  [lengths: string, texts: string, ttlMs: string, always: string, notAfter: string]
> = defineScript({
  name: 'values.hashSet',
  keys: 1,
  args: 5,
  once: CLOCK,
  source: `
-- Sets fields of a hash.
-- KEYS: 1 hash
-- ARGV: 1 how many bytes each field and each value has, in turn  2 these, one after the other  3 ttl in ms
--       4 '1': the ttl begins anew each time  5 latest instant in ms, 13 digits
-- Returns one string: '1' when they were set, '0' when it was too late; then the clock in ms
${CLOCK}
if ms > ARGV[5] then return '0' .. ms end
local texts, at = {}, 1
local function put()
  redis.call('HSET', KEYS[1], unpack(texts))
  texts = {}
end
for length in string.gmatch(ARGV[1], '%d+') do
  texts[#texts + 1] = string.sub(ARGV[2], at, at + length - 1)
  at = at + length
  -- Lua takes some thousand arguments at a time.
  if #texts == 2000 then put() end
end
if #texts > 0 then put() end
-- Without fields it is not known that this is a hash.
if ARGV[1] ~= '' and (ARGV[4] == '1' or redis.call('PTTL', KEYS[1]) < 0) then redis.call('PEXPIRE', KEYS[1], ARGV[3]) end
return '1' .. ms
`,
})
