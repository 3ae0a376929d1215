import { type Script, defineScript } from '../script.ts'
import { RECEIVERS } from './state.ts'

/** Counts who listens for a process, as a hand-off does. */
export const countListeners: Script<[state: string], [how: string, channel: string, process: string]> =
  defineScript({
    name: 'leases.countListeners',
    keys: 1,
    args: 3,
    source: `
-- Counts who listens for a process, as a hand-off does.
-- KEYS: 1 state, which is in the slot of sharded channels
-- ARGV: 1 '*' for sharded pub/sub, else ''  2 what stands before a process in the name of its channel  3 process
-- Returns one string: the count, or '?' where it cannot be known
local channel = ARGV[2]
${RECEIVERS}
local count = receivers(ARGV[3], ARGV[1])
return type(count) == 'number' and string.format('%.0f', count) or '?'
`,
  })
