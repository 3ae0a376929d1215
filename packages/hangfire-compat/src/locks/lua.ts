/** Lua that the scripts of locks share. */

/** `us`: the server's clock in microseconds, 16 digits. `ms`: its first 13, the milliseconds. */
export const CLOCK = `
local time = redis.call('TIME')
local us = string.format('%.0f', time[1] * 1000000 + time[2])
local ms = string.sub(us, 1, 13)`

/**
 * What lies under the key of the lock, `KEYS[1]`, and what is remembered of Node's holders, `KEYS[2]`.
 *
 * `found`: the value; false or nil where there is none. `kind`: its type, `none` where there is nothing. A key of another type
 * has no value, and is held: .NET's `SET NX` finds it taken too. `fence`, `state`, `granted`: the last token that Node was
 * granted, its fence (16 digits), and `h` while it was not ended, else the letter of its ending.
 */
export const FOUND = `
local found, kind = redis.pcall('GET', KEYS[1]), 'string'
if type(found) == 'table' then
  found, kind = nil, redis.call('TYPE', KEYS[1])['ok']
elseif not found then
  kind = 'none'
end
local memory = redis.call('GET', KEYS[2]) or '0000000000000000-'
local fence, state, granted = string.sub(memory, 1, 16), string.sub(memory, 17, 17), string.sub(memory, 18)`

/** Who holds the lock: the fence, if Node does; the rest of its life; its type; and its value, of which 200 bytes are enough. */
export const HOLDER = `(found == granted and fence or '0000000000000000') .. ' ' .. string.format('%.0f', redis.call('PTTL', KEYS[1]))
  .. ' ' .. kind .. ' ' .. string.sub(found or '', 1, 200)`
