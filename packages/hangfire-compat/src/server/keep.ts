import { type Script, defineScript, unexpectedReply } from '@holdfast/redis-protocol'
import { OWNER } from './lua.ts'

/**
 * Says whether a job is still its worker's, and keeps .NET's watchers from taking it for abandoned (H6): they requeue a job whose
 * `Fetched` is old, or that has `Checked` for a minute. A worker of storage 1.9.4 that ran a copy of the id has removed them, and
 * the entry in `dequeued`.
 */
export const keepJob: Script<
  [job: string, state: string, dequeued: string],
  [id: string, serverId: string, workerId: string, now: string, slides: string]
> = defineScript({
  name: 'hangfire.server.keep',
  keys: 3,
  args: 5,
  source: `
-- Says whether a job is still its worker's, and keeps .NET's watchers from taking it for abandoned.
-- KEYS: 1 job  2 its state  3 the dequeued list that it is in
-- ARGV: 1 id  2 ServerId  3 WorkerId  4 now, as the dialect writes it  5 '1' to say that the worker still works
-- Returns {M(ine), Fetched} or {L(ost), the state that it has now, its worker, its server}
${OWNER}
if not isMine then return {'L', owner[1] or '', owner[3] or '', owner[2] or ''} end
local marks = redis.call('HMGET', KEYS[1], 'Fetched', 'Checked')
if marks[2] then redis.call('HDEL', KEYS[1], 'Checked') end
if ARGV[5] == '1' or not marks[1] then
  redis.call('HSET', KEYS[1], 'Fetched', ARGV[4])
  if not redis.call('LPOS', KEYS[3], ARGV[1]) then redis.call('LPUSH', KEYS[3], ARGV[1]) end
  return {'M', ARGV[4]}
end
return {'M', marks[1]}
`,
})

export type KeepReply =
  | { readonly isMine: true; readonly fetched: string }
  /** `state` is empty where the job is gone. */
  | { readonly isMine: false; readonly state: string }

export function decodeKeep(reply: unknown): KeepReply {
  const [letter, text] = Array.isArray(reply) ? (reply as unknown[]) : []
  if (typeof text === 'string' && letter === 'M') return { isMine: true, fetched: text }
  if (typeof text === 'string' && letter === 'L') return { isMine: false, state: text }
  throw unexpectedReply('hangfire.server.keep', reply)
}
