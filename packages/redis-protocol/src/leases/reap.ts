import { type Script, defineScript } from '../script.ts'
import { CLOCK, HAND_OVER, STATE } from './state.ts'

/** Hands over what ran out. */
export const reapLease: Script<[state: string, queue: string], [policy: string]> = defineScript({
  name: 'leases.reapExpired',
  keys: 2,
  args: 1,
  source: `
-- Hands over what ran out.
-- KEYS: 1 state  2 queue
-- ARGV: 1 policy of hand-offs
-- Returns one string: 'T' now unclaimed
--                     'U' now state   no state of this layout is under that key
local state = redis.call('GETEX', KEYS[1])
${CLOCK}
${STATE}
local policy = ARGV[1]
${HAND_OVER}
handOver()
if state then save() end
publish()
return 'T' .. now .. unclaimed()
`,
})
