import { type Script, defineScript } from '../script.ts'
import { CLOCK } from './lua.ts'

/**
 * The next entries of a bucket's index. A place in it is counted from its beginning of all times, so that it stays
 * right while entries go from the front; what goes from there and still lives is put at the end, where the walk has
 * yet to come.
 */
export const indexPage: Script<[index: string], [place: string, limit: string]> = defineScript({
  name: 'records.indexPage',
  keys: 1,
  args: 2,
  source: `
-- The next entries of a bucket's index.
-- KEYS: 1 index
-- ARGV: 1 place to go on from  2 how many at most
-- Returns now, the place of the first entry returned, '1' if there are more after the last, and the entries
${CLOCK}
local gone = tonumber(redis.call('LINDEX', KEYS[1], 0) or '0')
local place = math.max(tonumber(ARGV[1]), gone)
local from = place - gone + 1
local page = redis.call('LRANGE', KEYS[1], from, from + ARGV[2] - 1)
local more = redis.call('LLEN', KEYS[1]) > from + #page and '1' or '0'
return {us, string.format('%.0f', place), more, unpack(page)}
`,
})
