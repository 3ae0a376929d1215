import { type Script, defineScript } from '../script.ts'
import { CLOCK, HAND_OVER, STATE } from './state.ts'

/** Hands over what ran out. */
export const tendLease: Script<
  [state: string, queue: string],
  [claimMs: string, channel: string, counted: string]
> = defineScript({
  name: 'leases.tend',
  keys: 2,
  args: 3,
  source: `
-- Hands over what ran out.
-- KEYS: 1 state  2 queue
-- ARGV: 1 claim time in ms  2 channels begin with  3 '1' when PUBLISH counts all receivers
-- Returns one string: 'T' now unclaimed
local state = redis.call('GETEX', KEYS[1])
${CLOCK}
${STATE}
local claim, channel, counted = tonumber(ARGV[1]), ARGV[2], ARGV[3] == '1'
${HAND_OVER}
handOver()
if state then save() end
return 'T' .. now .. unclaimed()
`,
})
