import { type Script, defineScript } from '../script.ts'
import { CLOCK, HAND_OVER, STATE } from './state.ts'

/**
 * Ends a lease and hands over, leaves the queue, or keeps an acquire from happening.
 *
 * It reads with GETEX, which Redis counts as a write that takes no memory: after it the script may write although
 * Redis is out of memory (L12).
 */
export const releaseLease: Script<
  [state: string, queue: string],
  [token: string, notAfter: string, policy: string]
> = defineScript({
  name: 'leases.release',
  keys: 2,
  args: 3,
  source: `
-- Ends a lease and hands over, leaves the queue, or keeps an acquire from happening.
-- KEYS: 1 state  2 queue
-- ARGV: 1 token  2 until when (ms) an acquire of the token is to be refused  3 policy of hand-offs
-- Returns one string: outcome now fence unclaimed; outcome is the letter of an ending
local state = redis.call('GETEX', KEYS[1])
${CLOCK}
local token = ARGV[1]
local bar = state and sub(state, 17, 17) == '0' and 51 + #token + 1
if bar and sub(state, 52, bar + 1) == token .. '|#' then
  local process = sub(token, 1, find(token, '.', 1, true))
  local first = find(state, '|', bar + 2, true)
  if not first or first == #state and sub(state, bar + 16, bar + 16 + #process) == ',' .. process
    and tonumber(sub(state, bar + 17 + #process, first - 1), 36) < tonumber(sub(token, #process + 1), 36) then
    local outcome = ms < tonumber(sub(state, 23, 35)) and 'r' or 'x'
    local till = math.max(ms + 10000, tonumber(ARGV[2]), first and tonumber(sub(state, bar + 3, bar + 15)) or 0)
    call('SET', KEYS[1], sub(state, 1, 21) .. '#' .. outcome .. format('%013.0f', till) .. ',' .. token .. '|', 'PX', '60000')
    return outcome .. now .. sub(state, 1, 16) .. '0'
  end
end
${STATE}
local mine, at = holding(token)
local outcome = mine and (mine[2] > ms and 'r' or 'x') or ending(token) or 'a'
if mine then table.remove(holders, at) elseif waiting == '1' then call('ZREM', KEYS[2], token, '*' .. token) end
mark(token, outcome, tonumber(ARGV[2]))
local policy = ARGV[3]
${HAND_OVER}
handOver()
save()
return outcome .. now .. format('%016.0f', fence) .. unclaimed()
`,
})
