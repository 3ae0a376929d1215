import { type Script, defineScript } from '../script.ts'
import { CLOCK, ENDING, HAND_OVER, STATE } from './state.ts'

/**
 * Ends a lease and hands over, leaves the queue, or keeps an acquire from happening.
 *
 * It reads with GETEX, which Redis counts as a write that takes no memory: after it the script may write although
 * Redis is out of memory (L12).
 */
export const releaseLease: Script<
  [state: string, queue: string],
  [token: string, claimMs: string, notAfter: string, channel: string, counted: string]
> = defineScript({
  name: 'leases.release',
  keys: 2,
  args: 5,
  source: `
-- Ends a lease and hands over, leaves the queue, or keeps an acquire from happening.
-- KEYS: 1 state  2 queue
-- ARGV: 1 token  2 claim time in ms  3 until when (ms) an acquire of the token is to be refused
--       4 channels begin with  5 '1' when PUBLISH counts all receivers
-- Returns one string: outcome now fence unclaimed ' '; outcome is the letter of an ending
local state = redis.call('GETEX', KEYS[1])
${CLOCK}
${STATE}
${ENDING}
local token = ARGV[1]
local mine, at = holding(token)
local outcome = mine and (mine[2] > ms and 'r' or 'x') or ending(token) or 'a'
if mine then table.remove(holders, at) else call('ZREM', KEYS[2], token) end
mark(token, outcome, tonumber(ARGV[3]))
local claim, channel, counted = tonumber(ARGV[2]), ARGV[4], ARGV[5] == '1'
${HAND_OVER}
handOver()
save()
return outcome .. now .. format('%016.0f', fence) .. unclaimed()
`,
})
