import { type Script, defineScript } from '@holdfast/redis-protocol'
import { OWNER } from './lua.ts'

/** Adds lines to the console of a run, while the job is its worker's. */
export const writeConsole: Script<
  [console: string, state: string, texts: string],
  [jobId: string, serverId: string, workerId: string, lines: string, texts: string, keptS: string]
> = defineScript({
  name: 'hangfire.server.write-console',
  keys: 3,
  args: 6,
  source: `
-- Adds lines to the console of a run, while the job is its worker's.
-- KEYS: 1 the lines of the console  2 the state of the job  3 long texts of the console
-- ARGV: 1 id of the job  2 ServerId  3 WorkerId  4 JSON list of scores and lines  5 JSON list of names and texts
--   6 how long they are kept, in s
-- Returns 'W'(ritten), or 'L' if the job is not the worker's any more
${OWNER}
if not isMine then return 'L' end
redis.call('ZADD', KEYS[1], unpack(cjson.decode(ARGV[4])))
redis.call('HSET', KEYS[3], 'jobId', ARGV[1], unpack(cjson.decode(ARGV[5])))
redis.call('EXPIRE', KEYS[1], ARGV[6])
redis.call('EXPIRE', KEYS[3], ARGV[6])
return 'W'
`,
})
