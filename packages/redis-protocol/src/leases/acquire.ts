import { type Script, defineScript } from '../script.ts'
import { CLOCK, ENDING, HAND_OVER, STATE } from './state.ts'

/** Grants a lease, or joins the queue. */
export const acquireLease: Script<
  [state: string, queue: string],
  [
    token: string,
    leaseMs: string,
    permits: string,
    wait: string,
    claimMs: string,
    notAfter: string,
    channel: string,
    counted: string,
  ]
> = defineScript({
  name: 'leases.acquire',
  keys: 2,
  args: 8,
  source: `
-- Grants a lease, or joins the queue.
-- KEYS: 1 state  2 queue
-- ARGV: 1 token  2 lease in ms  3 permits  4 '1' to wait  5 claim time in ms  6 latest instant in ms
--       7 channels begin with  8 '1' when PUBLISH counts all receivers
-- Returns one string: 'G' now fence                           granted
--                     'Q' or 'B' now kept ahead ' ' holders   queued, or busy; kept '1': it was in the queue before
--                     'L' now                                 too late
--                     'E' now                                 the token has ended
${CLOCK}
local token, lease, wanted = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
if ms > tonumber(ARGV[6]) then return 'L' .. now end
local state = call('GET', KEYS[1])
local known = state and find(state, token .. '|', 21, true)
if not known and (not state or sub(state, 21, 21) == '#') then
  local granted = format('%016.0f', state and math.max(us, sub(state, 1, 16) + 1) or us)
  call('SET', KEYS[1], granted .. format('%04d1%013.0f', wanted, ms + lease) .. granted .. token .. '|'
    .. (state and sub(state, 21) or '#000'), 'PX', lease + 60000)
  return 'G' .. now .. granted
end
${STATE}
${ENDING}
if ending(token) then return 'E' .. now end
local mine, at = holding(token)
if mine and mine[2] > ms then
  mine[1], mine[2] = '1', math.max(mine[2], ms + lease)
  save()
  return 'G' .. now .. mine[3]
end
if mine then table.remove(holders, at) end
local claim, channel, counted = tonumber(ARGV[5]), ARGV[7], ARGV[8] == '1'
${HAND_OVER}
evict()
permits = wanted
handOver(token)
local head = call('ZRANGE', KEYS[2], 0, 0)[1]
if #holders < permits and (not head or head == token) then
  if head then call('ZREM', KEYS[2], token) end
  fence = math.max(fence + 1, us)
  local granted = format('%016.0f', fence)
  holders[#holders + 1] = { '1', ms + lease, granted, token }
  save()
  return 'G' .. now .. granted
end
local keep = save()
local ahead = head and call('ZRANK', KEYS[2], token)
local kept = ahead and '1' or '0'
ahead = ahead or head and call('ZCARD', KEYS[2]) or 0
if ARGV[4] ~= '1' then return 'B' .. now .. kept .. ahead .. ' ' .. held() end
if kept == '0' then
  local last = head and call('ZRANGE', KEYS[2], -1, -1, 'WITHSCORES')[2]
  call('ZADD', KEYS[2], format('%.0f', last and math.max(us, last + 1) or us), token)
end
call('PEXPIRE', KEYS[2], keep)
return 'Q' .. now .. kept .. ahead .. ' ' .. held()
`,
})
