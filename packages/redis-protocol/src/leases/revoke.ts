import { type Script, defineScript } from '../script.ts'
import { CLOCK, HAND_OVER, STATE } from './state.ts'

/** Takes leases away, and hands over. Reads with GETEX for the same reason as a release. */
export const revokeLease: Script<[state: string, queue: string], [token: string, policy: string]> =
  defineScript({
    name: 'leases.revoke',
    keys: 2,
    args: 2,
    source: `
-- Takes leases away, and hands over.
-- KEYS: 1 state  2 queue
-- ARGV: 1 token, or '' for all  2 policy of hand-offs
-- Returns one string: 'V' now unclaimed ' ' tokens, each with '|' behind it
--                     'U' now state   no state of this layout is under that key
local state = redis.call('GETEX', KEYS[1])
${CLOCK}
${STATE}
local policy = ARGV[2]
${HAND_OVER}
local revoked, rest = '', {}
for _, holder in ipairs(holders) do
  if ARGV[1] == '' or ARGV[1] == holder[4] then revoked = revoked .. holder[4] .. '|' else rest[#rest + 1] = holder end
end
holders = rest
for token in string.gmatch(revoked, '[^|]+') do
  mark(token, 'l', 0)
  tell(processOf(token), 'v' .. token)
end
handOver()
if state then save() end
publish()
return 'V' .. now .. unclaimed() .. ' ' .. revoked
`,
  })
