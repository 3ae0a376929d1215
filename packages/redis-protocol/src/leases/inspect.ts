import { type Script, defineScript } from '../script.ts'
import { CLOCK, STATE_PATTERN } from './state.ts'

/** Shows the state and the head of the queue. */
export const inspectLease: Script<[state: string, queue: string], []> = defineScript({
  name: 'leases.inspect',
  keys: 2,
  args: 0,
  source: `
-- Shows the state and the head of the queue.
-- KEYS: 1 state  2 queue
-- Returns one string: 'I' now fence waiting ' ' holders '#' tokens, each with '|' behind it
--                     'U' now state   no state of this layout is under that key
${CLOCK}
local state = call('GET', KEYS[1]) or '000000000000000000001#'
if not find(state, '${STATE_PATTERN}') then return 'U' .. now .. KEYS[1] end
local queue = ''
for _, token in ipairs(call('ZRANGE', KEYS[2], 0, 99)) do queue = queue .. token .. '|' end
return 'I' .. now .. sub(state, 1, WAITING - 1) .. call('ZCARD', KEYS[2]) .. ' ' .. sub(state, HOLDERS, find(state, '#', HOLDERS, true))
  .. queue
`,
})
