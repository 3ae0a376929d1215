/**
 * How a key's leases are stored, readable with `redis-cli GET`:
 *
 * `<fence> <permits> <holders> # <number of endings> <endings>`, without the spaces, where
 *
 * - `fence` has 16 digits and `permits` 4,
 * - a holder is `1` or `0` (claimed or not), when it expires in ms (13 digits), its fence (16), its token, and `|`,
 * - the number of endings has 3 digits, and an ending is a letter (`r`eleased, e`x`pired, `l`ost, `a`bsent), until when
 *   it is remembered in ms (13 digits), `,`, its token, and `|`.
 *
 * The queue is a sorted set of tokens, scored by when they came. Where nobody holds nobody waits: who releases hands
 * over, and who comes after an expiry does it first. So a free key is granted without a look at the queue.
 *
 * What follows are pieces of Lua that several scripts share; `decideLease()` in core is what they do.
 */

/** Reads the clock. Leaves `us`, `ms` and `now`, the latter as all replies give it. */
export const CLOCK = `
local call, sub, find, format = redis.call, string.sub, string.find, string.format
local time = call('TIME')
local us = time[1] * 1000000 + time[2]
local ms = math.floor(us / 1000)
local now = format('%016.0f', us)`

/**
 * Takes `state` apart into `fence`, `permits`, `holders`, `kept` and `ended`, and defines what all need:
 * `holding(token)` is its holder and where; `mark(token, letter, notAfter)` remembers an ending;
 * `held()` is the holders as text; `save()` writes all of it back.
 */
export const STATE = `
local fence, permits, holders, kept, ended = 0, 1, {}, 0, ''
if state then
  fence, permits = tonumber(sub(state, 1, 16)), tonumber(sub(state, 17, 20))
  local at = 21
  while sub(state, at, at) ~= '#' do
    local bar = find(state, '|', at, true)
    holders[#holders + 1] = { sub(state, at, at), tonumber(sub(state, at + 1, at + 13)), sub(state, at + 14, at + 29),
      sub(state, at + 30, bar - 1) }
    at = bar + 1
  end
  kept, ended = tonumber(sub(state, at + 1, at + 3)), sub(state, at + 4)
end
local function holding(token)
  for i, holder in ipairs(holders) do
    if holder[4] == token then return holder, i end
  end
end
local function mark(token, letter, notAfter)
  local till = math.max(ms + 10000, notAfter)
  local at, last = find(ended, ',' .. token .. '|', 1, true)
  if at then
    till = math.max(till, tonumber(sub(ended, at - 13, at - 1)))
    ended, kept = sub(ended, 1, at - 15) .. sub(ended, last + 1), kept - 1
  end
  ended, kept = ended .. letter .. format('%013.0f', till) .. ',' .. token .. '|', kept + 1
  while kept > 64 or kept > 0 and tonumber(sub(ended, 2, 14)) <= ms do
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
local function save()
  local last = ms
  for _, holder in ipairs(holders) do last = math.max(last, holder[2]) end
  call('SET', KEYS[1], format('%016.0f%04d', fence, permits) .. held() .. '#' .. format('%03d', kept) .. ended,
    'PX', last - ms + 60000)
  return last - ms + 60000
end`

/** How `token` ended, or nil: the letter. Needs `ended`. */
export const ENDING = `
local function ending(token)
  local at = find(ended, ',' .. token .. '|', 1, true)
  if at and tonumber(sub(ended, at - 13, at - 1)) > ms then return sub(ended, at - 14, at - 14) end
end`

/**
 * `evict()` ends the leases that ran out; one that was never claimed takes its process out of the queue.
 * `handOver(self)` gives free permits to the heads of the queue, up to `self`. `unclaimed()` is the longest time that a
 * hand-off may stay unclaimed. Need `claim` (ms), `channel` (what stands before a process in its channel's name) and
 * `counted` (whether the receivers that PUBLISH counts are all there are).
 *
 * A refused PUBLISH (rights) counts as delivered: whoever waits without pushes asks from time to time.
 */
export const HAND_OVER = `
local function tell(process, message)
  return redis.pcall('PUBLISH', channel .. process .. '}', message .. ' ' .. KEYS[1])
end
local function evict()
  local rest = {}
  for _, holder in ipairs(holders) do
    if holder[2] > ms then
      rest[#rest + 1] = holder
    elseif holder[1] == '1' then
      mark(holder[4], 'l', 0)
    else
      local process = string.match(holder[4], '^(.*)%.')
      for _, token in ipairs(call('ZRANGE', KEYS[2], 0, -1)) do
        if sub(token, 1, #process + 1) == process .. '.' then call('ZREM', KEYS[2], token) end
      end
      tell(process, 'd')
    end
  end
  holders = rest
end
local function handOver(self)
  local head = call('ZRANGE', KEYS[2], 0, 0)[1]
  if not head then return end
  evict()
  local deaf = {}
  while #holders < permits do
    head = call('ZRANGE', KEYS[2], 0, 0)[1]
    if not head or head == self then return end
    call('ZREM', KEYS[2], head)
    local process = string.match(head, '^(.*)%.')
    if not deaf[process] then
      if tell(process, 'g' .. head) == 0 and counted then
        deaf[process] = true
      else
        fence = math.max(fence + 1, us)
        holders[#holders + 1] = { '0', ms + claim, format('%016.0f', fence), head }
      end
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
