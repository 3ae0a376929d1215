import { type Script, defineScript } from '../script.ts'
import { CLOCK, STATE } from './state.ts'

/** Makes a lease last longer, never shorter. Reads with GETEX for the same reason as a release. */
export const extendLease: Script<[state: string], [token: string, leaseMs: string]> = defineScript({
  name: 'leases.extend',
  keys: 1,
  args: 2,
  once: CLOCK,
  source: `
-- Makes a lease last longer, never shorter.
-- KEYS: 1 state
-- ARGV: 1 token  2 lease in ms
-- Returns one string: 'H' now remaining   held
--                     'A' now             not held
--                     'U' now state       no state of this layout is under that key
local state = redis.call('GETEX', KEYS[1])
${CLOCK}
${STATE}
local mine = holding(ARGV[1])
if mine and mine[2] > ms then
  mine[1], mine[2] = '1', math.max(mine[2], ms + ARGV[2])
  save()
  return 'H' .. now .. format('%.0f', mine[2] - ms)
end
return 'A' .. now
`,
})
