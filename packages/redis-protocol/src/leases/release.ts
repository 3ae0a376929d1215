import { type Script, defineScript } from '../script.ts'
import { CLOCK, HAND_OVER, STATE } from './state.ts'

/**
 * Ends a lease and hands over, leaves the queue, or keeps an acquire from happening.
 *
 * The first lines (`isSole`) end the only lease of a key without waiters, where at most an earlier token of the
 * same process has ended (`isNext`).
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
  once: CLOCK,
  source: `
-- Ends a lease and hands over, leaves the queue, or keeps an acquire from happening.
-- KEYS: 1 state  2 queue
-- ARGV: 1 token  2 since when, at least, it is to be remembered, in ms, 13 digits  3 policy of hand-offs
-- Returns one string: outcome now fence unclaimed; outcome is the letter of an ending
--                     'U' now state                no state of this layout is under that key
local state = redis.call('GETEX', KEYS[1])
${CLOCK}
local token, since = ARGV[1], ARGV[2]
if today > since then since = today end
local bar = TOKEN + #token
local isSole = state and sub(state, WAITING, WAITING) == '0' and sub(state, TOKEN, bar + 1) == token .. '|#'
if isSole then
  local endings, dot = sub(state, bar + 2), find(token, '.', 1, true)
  local isNext = find(endings, '|', 1, true) == #endings and sub(endings, 15, 15 + dot) == ',' .. sub(token, 1, dot)
    and tonumber(sub(endings, 16 + dot, -2), 36) < tonumber(sub(token, dot + 1), 36)
  if endings == '' or isNext then
    local outcome, before = today < sub(state, EXPIRES, EXPIRES + 12) and 'r' or 'x', sub(endings, 2, 14)
    if before > since then since = before end
    call('SET', KEYS[1], sub(state, 1, HOLDERS - 1) .. '#' .. outcome .. since .. ',' .. token .. '|', 'PX', '60000')
    return outcome .. now .. sub(state, 1, WAITING - 1) .. '0'
  end
end
${STATE}
local mine, at = holding(token)
local outcome = mine and (mine[2] > ms and 'r' or 'x') or ending(token) or 'a'
if mine then table.remove(holders, at) elseif waiting == '1' then call('ZREM', KEYS[2], token, '*' .. token, '!' .. token) end
mark(token, outcome, tonumber(since))
local policy = ARGV[3]
${HAND_OVER}
handOver()
save()
publish()
return outcome .. now .. format('%016.0f', fence) .. unclaimed()
`,
})
