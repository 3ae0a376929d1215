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
 * The queue is a sorted set of tokens, scored by when they came. The prefix of a token says how its waiter learns of its
 * turn: nothing, by pub/sub, if the server counts a listener on the channel of its process, else it is passed over; `*`,
 * the same by sharded pub/sub, on the channel `<key of the state>:w:<process>`; `!`, by pub/sub, and no
 * process's script passes it over. A key without holders has no waiters: a release hands
 * over, and the first command after an expiry does so first. So a free key is granted without a look at the queue.
 *
 * A lock without waiters is taken in three commands and released in three (the first lines of the scripts), with
 * instants compared as the strings that they are: turning numbers into text and back takes longer than Redis takes for
 * the commands. What follows are the pieces of Lua that the other cases share; `decideLease()` in core is what they do.
 */

/**
 * Reads the clock. Leaves `now` (microseconds, 16 digits) and `today`, its milliseconds (13 digits), and where the parts of a
 * state begin: `WAITING`, `PERMITS`, `HOLDERS`; of the first holder, `EXPIRES` and `TOKEN`.
 */
export const CLOCK = `
local call, sub, find, format = redis.call, string.sub, string.find, string.format
local WAITING, PERMITS, HOLDERS, EXPIRES, TOKEN = 17, 18, 22, 23, 52
local time = call('TIME')
local now = #time[2] == 6 and time[1] .. time[2] or time[1] .. sub('00000' .. time[2], -6)
local today = sub(now, 1, 13)`

/** As a pattern of Lua: how every state of this layout begins. One of a newer layout begins with a capital letter. */
export const STATE_PATTERN: string = `^${'%d'.repeat(16)}[01]${'%d'.repeat(4)}[01#]`

/**
 * Makes a number of `today`, `ms`, and takes `state` apart into `fence` (a number), `waiting`, `permits`, `holders` and `ended`, and defines what all need:
 * `holding(token)` is its holder and where; `ending(token)` says whether it ended, and how; `mark(token, letter,
 * since)` remembers an ending; `held()` is the holders as text; `grant(expires, claimed, token)` adds one with
 * `nextFence()` and returns that; `save()` writes all back. What is no such state is left as it is, and the script answers `U`.
 */
export const STATE: string = `
if state and not find(state, '${STATE_PATTERN}') then return 'U' .. now .. KEYS[1] end
local ms = tonumber(today)
local fence, waiting, permits, holders, ended = 0, '0', 1, {}, ''
if state then
  fence, waiting, permits = tonumber(sub(state, 1, WAITING - 1)), sub(state, WAITING, WAITING), tonumber(sub(state, PERMITS, HOLDERS - 1))
  local at = HOLDERS
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
  if at and later >= 0 and tonumber(sub(ended, at + 1, at + 13)) + 10000 >= ms then
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
  while kept > 64 or tonumber(sub(ended, 2, 14)) + 10000 < ms do
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
 * `receivers(process, how)` is how many connections of this server listen for the process, by sharded pub/sub if `how` is
 * `*`; not a number where that cannot be known. Needs `channel`.
 */
export const RECEIVERS = `
local function receivers(process, how)
  local counted
  if how == '*' then counted = redis.pcall('PUBSUB', 'SHARDNUMSUB', KEYS[1] .. ':w:' .. process)
  else counted = redis.pcall('PUBSUB', 'NUMSUB', channel .. process .. '}') end
  return counted[2]
end`

/**
 * `evict()` ends the leases that ran out; one that was never claimed takes its process out of the queue.
 * `handOver(self)` gives free permits to the heads of the queue, up to `self`, and returns the head that is left.
 * `tell(process, message)` notes a message, and `publish()` sends what was noted: **last**, after `save()` (L14).
 * `unclaimed()` is the longest time that a hand-off may stay unclaimed. Needs `policy`, an argument that all hand-offs
 * share: how the one that asks hears of its turn ('1' nothing before its token, '2' `*`, '0' `!`); the claim time in ms, 5
 * digits; and what stands before a process in the name of its channel.
 *
 * Receivers are counted with PUBSUB NUMSUB, before anything is sent: what PUBLISH returns is known only when the message
 * is on its way, to replicas too, whose subscribers it does not count. A count that is refused (rights) or does not exist
 * (SHARDNUMSUB before Redis 7) is unknown, and who is not known to be deaf is not passed over (L15).
 *
 * A refused PUBLISH counts as sent: those who wait without pushes ask from time to time. Where SPUBLISH is refused
 * (before Redis 7, or by rights), PUBLISH takes its place: every process listens to that as well.
 */
export const HAND_OVER: string = `
local claim, channel, outbox = sub(policy, 2, 6), sub(policy, 7), {}
local function tell(process, message, sharded)
  outbox[#outbox + 1] = { process, message .. ' ' .. KEYS[1], sharded }
end
local function publish()
  for _, letter in ipairs(outbox) do
    local sent = letter[3] and redis.pcall('SPUBLISH', KEYS[1] .. ':w:' .. letter[1], letter[2])
    if type(sent) ~= 'number' then redis.pcall('PUBLISH', channel .. letter[1] .. '}', letter[2]) end
  end
end
${RECEIVERS}
local function processOf(token)
  return sub(token, 1, find(token, '.', 1, true) - 1)
end
local function first()
  local head = call('ZRANGE', KEYS[2], 0, 0)[1]
  if not head then return end
  local how = string.match(head, '^[*!]') or ''
  return sub(head, #how + 1), head, how
end
local function evict()
  local rest = {}
  for _, holder in ipairs(holders) do
    if holder[2] > ms then
      rest[#rest + 1] = holder
    elseif holder[1] == '1' then
      mark(holder[4], 'l', 0)
    else
      local process = processOf(holder[4])
      for _, member in ipairs(call('ZRANGE', KEYS[2], 0, -1)) do
        if processOf(string.match(member, '[^*!]+')) == process then call('ZREM', KEYS[2], member) end
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
    local token, member, how = first()
    if not token then
      waiting = '0'
      return
    end
    if token == self or #holders >= permits then return member end
    call('ZREM', KEYS[2], member)
    local process = processOf(token)
    if how ~= '!' and deaf[how .. process] == nil then
      deaf[how .. process] = receivers(process, how) == 0
      if deaf[how .. process] then tell(process, 'p') end
    end
    if not deaf[how .. process] then
      tell(process, 'g' .. grant(ms + tonumber(claim), '0', token) .. claim .. token, how == '*')
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
