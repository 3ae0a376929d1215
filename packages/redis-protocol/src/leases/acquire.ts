import { type Script, defineScript } from '../script.ts'
import { CLOCK, HAND_OVER, STATE } from './state.ts'

/** Grants a lease, or joins the queue. */
export const acquireLease: Script<
  [state: string, queue: string],
  [token: string, leaseMs: string, keepMs: string, notAfter: string, request: string]
> = defineScript({
  name: 'leases.acquire',
  keys: 2,
  args: 5,
  once: CLOCK,
  source: `
-- Grants a lease, or joins the queue.
-- KEYS: 1 state  2 queue
-- ARGV: 1 token  2 lease in ms  3 how long to keep the state then, in ms  4 latest instant in ms, 13 digits
--       5 permits, 4 digits; '1' to wait, else '0'; policy of hand-offs
-- Returns one string: 'G' now fence                           granted
--                     'Q' or 'B' now kept ahead ' ' holders   queued, or busy; kept '1': it was in the queue before
--                     'L' now                                 too late
--                     'E' now                                 the token has ended
--                     'U' now state                           no state of this layout is under that key
${CLOCK}
if today > ARGV[4] then return 'L' .. now end
local token, lease, request = ARGV[1], ARGV[2], ARGV[5]
local asked = sub(request, 1, 4)
local state = call('GET', KEYS[1])
local isFree = not state or sub(state, HOLDERS, HOLDERS) == '#' and state < ':'
if isFree then
  local granted, hasEnded = now, nil
  if state then
    local dot = find(token, '.', 1, true)
    local comma, last = find(state, ',' .. sub(token, 1, dot), HOLDERS + 1, true)
    if comma then
      local ended, since = sub(state, last + 1, find(state, '|', last, true) - 1), sub(state, comma - 13, comma - 1)
      hasEnded = tonumber(ended, 36) >= tonumber(sub(token, dot + 1), 36) and tonumber(since) + 10000 >= tonumber(today)
    end
    local fence = sub(state, 1, WAITING - 1)
    if fence >= now then granted = format('%016.0f', fence + 1) end
  end
  if hasEnded then return 'E' .. now end
  local expires = today + lease
  call('SET', KEYS[1], granted .. '0' .. asked .. '1' .. format('%07d%06d', expires / 1000000, expires % 1000000)
    .. granted .. token .. '|' .. (state and sub(state, HOLDERS) or '#'), 'PX', ARGV[3])
  return 'G' .. now .. granted
end
${STATE}
local mine, at = holding(token)
if mine and mine[2] > ms then
  mine[1], mine[2] = '1', math.max(mine[2], ms + lease)
  save()
  return 'G' .. now .. mine[3]
end
local waits, policy = sub(request, 5, 5) == '1', sub(request, 6)
local known, score
if waiting == '1' then
  for i, found in ipairs(call('ZMSCORE', KEYS[2], token, '*' .. token, '!' .. token)) do
    if found then known, score = ({ '', '*', '!' })[i] .. token, found end
  end
end
if not known and ending(token) then return 'E' .. now end
if mine then table.remove(holders, at) end
${HAND_OVER}
evict()
permits = tonumber(asked)
local head = handOver(token)
if #holders < permits then
  if head then call('ZREM', KEYS[2], head) end
  local granted = grant(ms + lease, '1', token)
  save()
  publish()
  return 'G' .. now .. granted
end
local ahead = known and call('ZRANK', KEYS[2], known)
local kept = ahead and '1' or '0'
ahead = ahead or head and call('ZCARD', KEYS[2]) or 0
if not waits then
  mark(token, 'a', tonumber(ARGV[4]) - 10000)
  save()
  publish()
  return 'B' .. now .. kept .. ahead .. ' ' .. held()
end
local reach = sub(policy, 1, 1)
local member = (reach == '2' and '*' or reach == '0' and '!' or '') .. token
if kept == '0' then
  local last = head and call('ZRANGE', KEYS[2], -1, -1, 'WITHSCORES')[2]
  call('ZADD', KEYS[2], last and tonumber(last) >= tonumber(now) and format('%.0f', last + 1) or now, member)
elseif known ~= member then
  call('ZREM', KEYS[2], known)
  call('ZADD', KEYS[2], score, member)
end
waiting = '1'
call('PEXPIRE', KEYS[2], save())
publish()
return 'Q' .. now .. kept .. ahead .. ' ' .. held()
`,
})
