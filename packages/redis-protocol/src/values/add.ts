import { CLOCK } from '../records/lua.ts'
import { type Script, defineScript } from '../script.ts'

/** Adds to a counter, once for each operation: a repetition gets the answer of the first one. */
export const addToCounter: Script<
  [counter: string, operation: string],
  [by: string, ttlMs: string, always: string, notAfter: string, rememberedMs: string]
> = defineScript({
  name: 'values.add',
  keys: 2,
  args: 5,
  once: CLOCK,
  source: `
-- Adds to a counter, once for each operation.
-- KEYS: 1 counter  2 answer of the operation
-- ARGV: 1 what to add  2 ttl in ms  3 '1': the ttl begins anew each time  4 latest instant in ms, 13 digits
--       5 how long the answer is remembered, in ms
-- Returns the clock in ms, a space, and the sum, or else 'late', 'overflow' or 'refused'
${CLOCK}
local answer = redis.call('GET', KEYS[2])
if not answer and ms > ARGV[4] then answer = 'late'
elseif not answer then
  local held = redis.call('TYPE', KEYS[1])['ok']
  local value = held == 'none' and 0
  if held == 'string' then
    local text = redis.call('GET', KEYS[1])
    -- As Redis writes it: what it takes for no integer is none here.
    value = (text == '0' or #text < 18 and string.find(text, '^%-?[1-9]%d*$')) and tonumber(text)
  end
  if not value or math.abs(value) > 9007199254740991 then answer = 'refused'
  else
    local sum = value + ARGV[1]
    if math.abs(sum) > 9007199254740991 then answer = 'overflow'
    else
      redis.call('INCRBY', KEYS[1], ARGV[1])
      if ARGV[3] == '1' or redis.call('PTTL', KEYS[1]) < 0 then redis.call('PEXPIRE', KEYS[1], ARGV[2]) end
      answer = string.format('%.0f', sum)
    end
  end
  redis.call('SET', KEYS[2], answer, 'PX', ARGV[5])
end
return ms .. ' ' .. answer
`,
})
