/**
 * Lua of the scripts that act only while a value begins with `ARGV[1]`. Of a value it reads no more than it must: two bytes
 * beyond that beginning. So it sees whether it has read all of it, and whether a `+` at its end says that another caller
 * waits. Nothing begins with an empty `expected`.
 */
export const BEGINNING = `
local expected = ARGV[1]
local head = redis.call('GETRANGE', KEYS[1], '0', #expected + 1)
local begins = expected ~= '' and string.sub(head, 1, #expected) == expected
local waited = #head <= #expected + 1 and string.byte(head, -1) == 43`

/**
 * How many loads of one tick are begun, or ended, by one command: it takes a quarter of a millisecond of the server, about
 * what a read of as many values takes.
 */
export const MANY = 64
