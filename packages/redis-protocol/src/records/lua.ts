/** Lua that more than one script of records begins with: `us`, the server's clock in microseconds, 16 digits. */
export const CLOCK = `
local time = redis.call('TIME')
local us = time[2]
if #us < 6 then us = string.rep('0', 6 - #us) .. us end
us = time[1] .. us
local ms = string.sub(us, 1, 13)`

/**
 * Lua that puts a record into the index of its bucket, a list: `<listedAs><listedMs><id>` at the end. A list, because
 * this is done for each record that is created, and appending to one costs a third of what a sorted set costs; and
 * because the answer shows when the list was new, so that it never stays without a time to live.
 *
 * It is never emptied: it would lose its time to live. What has expired goes from the front: looked at when the foremost has expired, and in any case every 64th time;
 * what has not is put at the end again. The first element of the list counts what was taken from the front, so that
 * a reader that walks along it knows its position (`index-page.ts`).
 *
 * Needs `call`, `us`, `ms`, `listedMs`, and `ensure`: look whether the list lives long enough. The id is what follows the
 * tag in the key of the record, as `#` does in that of the list.
 */
export const LIST_IT = `
local n = call('RPUSH', KEYS[2], us .. listedMs .. string.sub(KEYS[1], #KEYS[2] + 1))
if n == 1 or ensure then
  if n == 1 then call('LPUSH', KEYS[2], '0') end
  local px = 2 * listedMs
  if call('PTTL', KEYS[2]) < px then call('PEXPIRE', KEYS[2], px) end
end
if n % 16 == 0 then
  local function ended(e) return string.sub(e, 1, 13) + string.sub(e, 17, 27) <= tonumber(ms) end
  if n % 64 == 0 or ended(call('LINDEX', KEYS[2], 1)) then
    local front = call('LPOP', KEYS[2], math.min(33, n - 1))
    local kept = {}
    for i = 2, #front do
      if not ended(front[i]) then kept[#kept + 1] = front[i] end
    end
    if #kept > 0 then call('RPUSH', KEYS[2], unpack(kept)) end
    call('LPUSH', KEYS[2], string.format('%.0f', front[1] + #front - 1))
  end
end`
