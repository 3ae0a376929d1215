import { type Script, defineScript, unexpectedReply } from '@holdfast/redis-protocol'
import { CLOCK } from '../locks/lua.ts'
import { LEAVE } from '../transitions/lua.ts'
import type { Fields } from '../wire/fields.ts'

/**
 * Takes the next job from the queues and makes it Processing, in one step (H4): a watcher of .NET that looks in between would
 * find a job without an owner, and one that its dead server still owns.
 *
 * It is safe to repeat: a worker that has a job gets that one again, so none is lost with a reply. What it must not touch it
 * leaves: a job that .NET is changing stays where it is, and one whose call no handler knows goes to the other end of its
 * queue (H10). An id whose job has ended, is gone, waits in the schedule or is in progress is only dropped (H7): who takes a job away
 * from its worker removes `Fetched`. A job that .NET has here before its time waits for it (H12).
 *
 * Ids are known only once they are found, so the keys of a job are made here, of the prefix that the declared keys have.
 */
export const fetchJob: Script<readonly string[], readonly string[]> = defineScript({
  name: 'hangfire.server.fetch',
  keys: 12,
  args: 8,
  source: `
-- Takes the next job from the queues and makes it Processing.
-- KEYS: 1 schedule  2 retries  3 processing  4 failed  5 succeeded  6 deleted  7 stats:succeeded  8 stats:deleted  9 queues
-- KEYS: 10 awaiting  11 the server's hash  12 what the worker has taken
-- ARGV: 1 queues, ',' between them  2 ServerId  3 WorkerId  4 now, as the dialect writes it  5 history entry
--   6 calls that have a handler  7 calls that have none; both each between line feeds, after their length  8 now, in ISO
-- Returns {letter, clock in ms, more}; J(ob) with queue, id and the fields of its hash, N(one), A(nnounce the server first),
--   B(usy: .NET is changing what is next), U(nknown) with queue, id and its call, W(ithout a state) with queue and id,
--   T(urned: jobs without a handler were put behind the others, and there are more)
${CLOCK}
local prefix = string.sub(KEYS[1], 1, -9)
local server, worker = ARGV[2], ARGV[3]
if redis.call('HEXISTS', KEYS[11], 'StartedAt') == 0 then return {'A', ms} end
${LEAVE}
local function found(queue, id)
  return {'J', ms, queue, id, unpack(redis.call('HGETALL', prefix .. 'job:' .. id))}
end
local function isMine(id)
  local owner = redis.call('HMGET', prefix .. 'job:' .. id .. ':state', 'State', 'ServerId', 'WorkerId')
  return owner[1] == 'Processing' and owner[2] == server and owner[3] == worker
end
local had = redis.call('GET', KEYS[12])
if had then
  local queue, id = string.match(had, '^(%S+) (.*)$')
  if isMine(id) then return found(queue, id) end
end
-- The first write is a DEL: after it a script may write although Redis is out of memory.
local function start(queue, id, at, old, explicit, checked)
  local job = prefix .. 'job:' .. id
  local state, history = job .. ':state', job .. ':history'
  local list = prefix .. 'queue:' .. queue
  redis.call('DEL', state)
  if at == -1 then
    redis.call('RPOPLPUSH', list, list .. ':dequeued')
  else
    redis.call('LREM', list, -1, id)
    redis.call('LPUSH', list .. ':dequeued', id)
  end
  leave(old, id, explicit)
  if checked then redis.call('HDEL', job, 'Checked') end
  redis.call('HSET', job, 'State', 'Processing', 'Fetched', ARGV[4])
  redis.call('HSET', state, 'StartedAt', ARGV[4], 'ServerId', server, 'WorkerId', worker, 'State', 'Processing')
  redis.call('RPUSH', history, ARGV[5])
  redis.call('ZADD', KEYS[3], time[1], id)
  redis.call('PERSIST', job)
  redis.call('PERSIST', history)
  redis.call('SET', KEYS[12], queue .. ' ' .. id, 'PX', 86400000)
  return found(queue, id)
end
-- In how many ms a scheduled job is due. .NET may have it here a second early; later ones wait in the schedule as well.
local function dueIn(queue, id, explicit)
  local names = {id, queue .. ':' .. id, (explicit or queue) .. ':' .. id}
  for _, name in ipairs(names) do
    if redis.call('ZSCORE', KEYS[1], name) then return nil end
  end
  local at = redis.call('HGET', prefix .. 'job:' .. id .. ':state', 'EnqueueAt') or ''
  if string.match(at, '^%d+$') then
    at = tonumber(at)
    if at <= 253402300799 then at = at * 1000 end
    return at - ms
  end
  return string.sub(at, 1, 23) > string.sub(ARGV[8], 1, 23) and 1000 or 0
end
local answer = 'N'
local looks = 200
for queue in string.gmatch(ARGV[1], '[^,]+') do
  local list = prefix .. 'queue:' .. queue
  local at = -1
  local turns = nil
  while (not turns or turns > 0) and looks > 0 and at >= -10 do
    local id = redis.call('LINDEX', list, at)
    if not id then break end
    local dropped = 0
    looks = looks - 1
    local job = prefix .. 'job:' .. id
    local f = redis.call('HMGET', job, 'Type', 'Method', 'ParameterTypes', 'State', 'Fetched', 'Queue', 'BatchId', 'Checked')
    local state = f[4]
    local isOpen = state == 'Enqueued' or state == 'Scheduled' or (state == 'Processing' and not f[5])
    local early = state == 'Scheduled' and dueIn(queue, id, f[6])
    if state ~= 'Scheduled' then early = 0 end
    local call = (f[1] or '') .. '\\n' .. (f[2] or '') .. '\\n' .. (f[3] or '')
    local marked = '\\n' .. string.len(call) .. ':' .. call .. '\\n'
    if redis.call('EXISTS', job .. ':state-lock') == 1 then
      answer = 'B'
      at = at - 1
    elseif not state and redis.call('EXISTS', job) == 1 then
      redis.call('LREM', list, -1, id)
      redis.call('LPUSH', list .. ':dequeued', id)
      redis.call('HSET', job, 'Fetched', ARGV[4])
      return {'W', ms, queue, id}
    elseif not isOpen or not early then
      redis.call('LREM', list, -1, id)
      dropped = 1
    elseif early > 0 and early <= 2000 then
      answer = 'B'
      at = at - 1
    elseif early > 0 or f[7] or string.find(ARGV[7], marked, 1, true) then
      redis.call('LREM', list, -1, id)
      redis.call('LPUSH', list, id)
    elseif string.find(ARGV[6], marked, 1, true) then
      return start(queue, id, at, state, f[6], f[8])
    else
      return {'U', ms, queue, id, f[1] or '', f[2] or '', f[3] or ''}
    end
    -- Of those that were there: only who looks again has to know how many.
    turns = (turns or redis.call('LLEN', list) + dropped) - 1
  end
end
if answer == 'N' and looks == 0 then answer = 'T' end
return {answer, ms}
`,
})

export type FetchReply =
  | { readonly found: 'job'; readonly queue: string; readonly id: string; readonly fields: Fields }
  | { readonly found: 'nothing' | 'no server' | 'busy' | 'turned' }
  | { readonly found: 'unknown'; readonly queue: string; readonly id: string; readonly call: RawCall }
  | { readonly found: 'stateless'; readonly queue: string; readonly id: string }

/** What a job calls, as its hash spells it. */
export interface RawCall {
  readonly type: string
  readonly method: string
  readonly parameterTypes: string
}

export function decodeFetch(reply: unknown): FetchReply {
  const [letter, , ...rest] = Array.isArray(reply) ? (reply as unknown[]) : []
  const texts = rest.map(String)
  const [queue = '', id = '', ...more] = texts
  switch (letter) {
    case 'J': {
      const fields: Record<string, string> = {}
      for (let i = 0; i + 1 < more.length; i += 2) fields[more[i] ?? ''] = more[i + 1] ?? ''
      return { found: 'job', queue, id, fields }
    }
    case 'N':
      return { found: 'nothing' }
    case 'A':
      return { found: 'no server' }
    case 'B':
      return { found: 'busy' }
    case 'T':
      return { found: 'turned' }
    case 'W':
      return { found: 'stateless', queue, id }
    case 'U': {
      const [type = '', method = '', parameterTypes = ''] = more
      return { found: 'unknown', queue, id, call: { type, method, parameterTypes } }
    }
    default:
      throw unexpectedReply('hangfire.server.fetch', reply)
  }
}
