/**
 * How a key's leases are stored, readable with `redis-cli GET`:
 *
 * `<fence> <waiting> <permits> <holders> # <endings>`, without the spaces, where
 *
 * - `fence` has 16 digits, `waiting` is 0 when the queue is empty and 1 when it may not be, `permits` has 4 digits,
 * - a holder is `1` or `0` (claimed or not), when it expires in ms (13 digits), its fence (16), its token, and `|`,
 * - an ending is a letter (`r`eleased, e`x`pired, `l`ost, `a`bsent), since when it is remembered in ms (13 digits; later
 *   than it happened where it must be remembered for longer than the usual 10 seconds), `,`, the last token of its
 *   process that ended, and `|`.
 *
 * The queue is a sorted set of tokens, scored by when they came; a token with `*` before it is told of its turn by
 * sharded pub/sub, on the channel `<key of the state>:w:<process>`. Where nobody holds nobody waits: who releases hands
 * over, and who comes after an expiry does it first. So a free key is granted without a look at the queue.
 *
 * A lock that nobody waits for is taken in three commands and released in three (the first lines of the scripts), with
 * instants compared as the strings that they are: turning numbers into text and back takes longer than Redis takes for
 * the commands. What follows are the pieces of Lua that the other cases share; `decideLease()` in core is what they do.
 */

/** Reads the clock. Leaves `now` (microseconds, 16 digits) and `today`, its milliseconds (13 digits). */
export const CLOCK = `
local call, sub, find, format = redis.call, string.sub, string.find, string.format
local time = call('TIME')
local now = #time[2] == 6 and time[1] .. time[2] or time[1] .. sub('00000' .. time[2], -6)
local today = sub(now, 1, 13)`

/**
 * Makes a number of `today`, `ms`, and takes `state` apart into `fence` (a number), `waiting`, `permits`, `holders` and `ended`, and defines what all need:
 * `holding(token)` is its holder and where; `ending(token)` tells whether it ended, and how; `mark(token, letter,
 * since)` remembers an ending; `held()` is the holders as text; `grant(expires, claimed, token)` adds one with
 * `nextFence()` and returns that; `save()` writes all back.
 */
export const STATE = `
local ms = tonumber(today)
local fence, waiting, permits, holders, ended = 0, '0', 1, {}, ''
if state then
  fence, waiting, permits = tonumber(sub(state, 1, 16)), sub(state, 17, 17), tonumber(sub(state, 18, 21))
  local at = 22
  while sub(state, at, at) ~= '#' do
    local bar = find(state, '|', at, true)
    holders[#holders + 1] = { sub(state, at, at), tonumber(sub(state, at + 1, at + 13)), sub(state, at + 14, at + 29),
      sub(state, at + 30, bar - 1) }
    at = bar + 1
  end
  ended = sub(state, at + 1)
end
local function holding(token)
  for i, holder in ipairs(holders) do
    if holder[4] == token then return holder, i end
  end
end
local function markOf(token)
  local process = sub(token, 1, find(token, '.', 1, true))
  local at, last = find(ended, ',' .. process, 1, true)
  if at then
    local bar = find(ended, '|', last, true)
    return at - 14, bar, tonumber(sub(ended, last + 1, bar - 1), 36) - tonumber(sub(token, #process + 1), 36)
  end
end
local function ending(token)
  local at, _, later = markOf(token)
  if at and later >= 0 and tonumber(sub(ended, at + 1, at + 13)) + 10000 > ms then
    return later == 0 and sub(ended, at, at) or 'a'
  end
end
local function mark(token, letter, since)
  since = math.max(ms, since)
  local at, bar, later = markOf(token)
  if at then
    since = math.max(since, tonumber(sub(ended, at + 1, at + 13)))
    if later > 0 then letter, token = sub(ended, at, at), sub(ended, at + 15, bar - 1) end
    ended = sub(ended, 1, at - 1) .. sub(ended, bar + 1)
  end
  ended = ended .. letter .. format('%013.0f', since) .. ',' .. token .. '|'
  local _, kept = string.gsub(ended, '|', '')
  while kept > 64 or tonumber(sub(ended, 2, 14)) + 10000 <= ms do
    ended, kept = sub(ended, find(ended, '|', 1, true) + 1), kept - 1
  end
end
local function held()
  local text = {}
  for i, holder in ipairs(holders) do
    text[i] = holder[1] .. format('%013.0f', holder[2]) .. holder[3] .. holder[4] .. '|'
  end
  return table.concat(text)
end
local function nextFence()
  return format('%016.0f', math.max(fence + 1, tonumber(now)))
end
local function grant(expires, claimed, token)
  local granted = nextFence()
  fence = tonumber(granted)
  holders[#holders + 1] = { claimed, expires, granted, token }
  return granted
end
local function save()
  local last = ms
  for _, holder in ipairs(holders) do last = math.max(last, holder[2]) end
  local keep = format('%.0f', last - ms + 60000)
  call('SET', KEYS[1], format('%016.0f', fence) .. waiting .. format('%04d', permits) .. held() .. '#' .. ended, 'PX', keep)
  return keep
end`

/**
 * `evict()` ends the leases that ran out; one that was never claimed takes its process out of the queue.
 * `handOver(self)` gives free permits to the heads of the queue, up to `self`, and returns the head that is left.
 * `unclaimed()` is the longest time that a hand-off may stay unclaimed. Needs `policy`, an argument that all hand-offs
 * share: '1' where the receivers that PUBLISH counts are all there are, else '0' (or '2', which says the same, and that
 * whoever asks is told by sharded pub/sub); the claim time in ms, 5 digits; and what stands before a process in the
 * name of its channel.
 *
 * A refused PUBLISH (rights) counts as delivered: whoever waits without pushes asks from time to time. Where SPUBLISH is
 * refused (before Redis 7, or by rights), PUBLISH takes its place: every process listens to that as well.
 */
export const HAND_OVER = `
local counted, claim, channel = sub(policy, 1, 1) == '1', tonumber(sub(policy, 2, 6)), sub(policy, 7)
local function tell(process, message)
  return redis.pcall('PUBLISH', channel .. process .. '}', message .. ' ' .. KEYS[1])
end
local function tellInTurn(process, token, sharded)
  local message = 'g' .. nextFence() .. sub(policy, 2, 6) .. token
  local receivers = sharded and redis.pcall('SPUBLISH', KEYS[1] .. ':w:' .. process, message .. ' ' .. KEYS[1])
  if type(receivers) == 'number' then return receivers ~= 0 end
  return tell(process, message) ~= 0 or not counted
end
local function first()
  local head = call('ZRANGE', KEYS[2], 0, 0)[1]
  if head and sub(head, 1, 1) == '*' then return sub(head, 2), head, true end
  return head, head
end
local function evict()
  local rest = {}
  for _, holder in ipairs(holders) do
    if holder[2] > ms then
      rest[#rest + 1] = holder
    elseif holder[1] == '1' then
      mark(holder[4], 'l', 0)
    else
      local process = sub(holder[4], 1, find(holder[4], '.', 1, true) - 1)
      for _, member in ipairs(call('ZRANGE', KEYS[2], 0, -1)) do
        local token = sub(member, 1, 1) == '*' and sub(member, 2) or member
        if sub(token, 1, #process + 1) == process .. '.' then call('ZREM', KEYS[2], member) end
      end
      tell(process, 'd')
    end
  end
  holders = rest
end
local function handOver(self)
  if waiting == '1' and first() then evict() end
  local deaf = {}
  while waiting == '1' do
    local token, member, sharded = first()
    if not token then
      waiting = '0'
      return
    end
    if token == self or #holders >= permits then return member end
    call('ZREM', KEYS[2], member)
    local process = sub(token, 1, find(token, '.', 1, true) - 1)
    if not deaf[process] then
      if tellInTurn(process, token, sharded) then grant(ms + claim, '0', token) else deaf[process] = true end
    end
  end
end
local function unclaimed()
  local most = 0
  for _, holder in ipairs(holders) do
    if holder[1] == '0' then most = math.max(most, holder[2] - ms) end
  end
  return format('%.0f', most)
end`
