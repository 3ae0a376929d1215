import { type Script, defineScript, unexpectedReply } from '@holdfast/redis-protocol'
import { CLOCK } from '../locks/lua.ts'
import { LEAVE } from './lua.ts'

/**
 * Creates jobs and changes states: all that one call asks for, or nothing (H3, H4).
 *
 * It refuses while .NET holds the `state-lock` of any of the jobs: .NET reads under it, and commits without a look.
 *
 * A repetition has the effect and the answer of one. It is known by what the first run left: the job that it created; where the
 * data of the state had to fit, the entry in the history; else a key that lasts as long as the command may arrive.
 *
 * The first write of a change is a DEL: after it a script may write although Redis is out of memory.
 */
export const commitJobs: Script<readonly string[], readonly string[]> = defineScript({
  name: 'hangfire.transitions.commit',
  keys: Infinity,
  args: Infinity,
  source: `
-- Creates jobs and changes states: all that is asked for, or nothing.
-- KEYS: 1 schedule  2 retries  3 processing  4 failed  5 succeeded  6 deleted  7 stats:succeeded  8 stats:deleted  9 queues  10 awaiting  11 what is remembered of this commit
--   and for each job: its hash, state, history and state-lock; the queue that it goes to, the dequeued that it leaves; the
--   counters of the day and of the hour in which it ends
-- ARGV: 1 latest instant in ms, 13 digits  2 the channel of fetches  3 how long ended jobs are kept, in s
--   and for each job: id, states that it may be in (',A,B,', '!,A,B,' for any but these, '' for any, '+' for a new one),
--   Continuations ('*' for any), new state, queue, score, flags (f to the front, r is a retry, a acknowledges), and four lists
--   after their lengths: what the state's hash must have, fields of the job's hash, fields of the state's, history entries
-- Returns {letter, clock in ms, number of a job, text}: D(one), A(lready), L(ate); K locked with the rest of the lock's life and
--   its value, M(issing), S in another state, O(ther) data of its state, C other Continuations, E exists as another job
${CLOCK}
local at = 3
local function take()
  at = at + 1
  return ARGV[at]
end
local function takeList()
  local list = {}
  for i = 1, tonumber(take()) do list[i] = take() end
  return list
end
local jobs = {}
for i = 1, (#KEYS - 11) / 8 do
  jobs[i] = {k = 3 + 8 * i, number = string.format('%d', i), id = take(), from = take(), continuations = take(),
    name = take(), queue = take(), score = take(), flags = take(),
    data = takeList(), fields = takeList(), state = takeList(), history = takeList()}
end
local function has(job, flag) return string.find(job.flags, flag, 1, true) end

local first = jobs[1]
local k = first.k
if first.from == '+' then
  if redis.call('EXISTS', KEYS[k + 1]) == 1 then
    for i = 1, #first.fields, 2 do
      local name = first.fields[i]
      local matters = name == 'Type' or name == 'Method' or name == 'Arguments'
      if matters and redis.call('HGET', KEYS[k + 1], name) ~= first.fields[i + 1] then return {'E', ms, '1', ''} end
    end
    return {'A', ms, '1', ''}
  end
elseif #first.data == 0 and redis.call('EXISTS', KEYS[11]) == 1 then
  return {'A', ms, '1', ''}
end
if ms > ARGV[1] then return {'L', ms, '0', ''} end

local function refuse(job, letter, text)
  local k = job.k
  if job == first and #job.data > 0 then
    for _, entry in ipairs(redis.call('LRANGE', KEYS[k + 3], -10, -1)) do
      if entry == job.history[#job.history] then return {'A', ms, '1', ''} end
    end
  end
  return {letter, ms, job.number, text}
end
for _, job in ipairs(jobs) do
  local k, from = job.k, job.from
  if redis.call('EXISTS', KEYS[k + 4]) == 1 then
    local value = redis.pcall('GET', KEYS[k + 4])
    if type(value) ~= 'string' then value = '(no string under its key)' end
    return {'K', ms, job.number, string.format('%.0f', redis.call('PTTL', KEYS[k + 4])) .. ' ' .. value}
  end
  if from ~= '+' then
    local found = redis.call('HMGET', KEYS[k + 1], 'State', 'Continuations', 'Queue')
    if not found[1] and redis.call('EXISTS', KEYS[k + 1]) == 0 then return {'M', ms, job.number, ''} end
    job.old, job.explicit = found[1] or '', found[3]
    local isNamed = string.find(from, ',' .. job.old .. ',', 1, true) ~= nil
    if from ~= '' and isNamed == (string.sub(from, 1, 1) == '!') then return refuse(job, 'S', job.old) end
    if #job.data > 0 then
      local names = {}
      for i = 1, #job.data, 2 do names[#names + 1] = job.data[i] end
      for i, value in ipairs(redis.call('HMGET', KEYS[k + 2], unpack(names))) do
        if value ~= job.data[2 * i] then return refuse(job, 'O', '') end
      end
    end
    local continuations = found[2] or ''
    if job.continuations ~= '*' and job.continuations ~= continuations then return {'C', ms, job.number, continuations} end
  end
end
${LEAVE}
local function count(k)
  redis.call('INCR', KEYS[k + 7])
  redis.call('PEXPIRE', KEYS[k + 7], 2592000000)
  redis.call('INCR', KEYS[k + 8])
  redis.call('EXPIRE', KEYS[k + 8], 86400)
end
local function enter(job)
  local k, id, name = job.k, job.id, job.name
  if name == 'Enqueued' then
    redis.call('SADD', KEYS[9], job.queue)
    if has(job, 'f') then redis.call('RPUSH', KEYS[k + 5], id) else redis.call('LPUSH', KEYS[k + 5], id) end
    redis.pcall('PUBLISH', ARGV[2], id)
  elseif name == 'Scheduled' then
    redis.call('ZADD', KEYS[1], job.score, id)
    if has(job, 'r') then redis.call('ZADD', KEYS[2], 0, id) end
  elseif name == 'Processing' then
    redis.call('ZADD', KEYS[3], time[1], id)
  elseif name == 'Failed' then
    redis.call('ZADD', KEYS[4], time[1], id)
    count(k)
  elseif name == 'Succeeded' then
    redis.call('INCR', KEYS[7])
    redis.call('LPUSH', KEYS[5], id)
    redis.call('LTRIM', KEYS[5], 0, 499)
    count(k)
  elseif name == 'Deleted' then
    redis.call('INCR', KEYS[8])
    redis.call('LPUSH', KEYS[6], id)
    redis.call('LTRIM', KEYS[6], 0, 499)
    count(k)
  end
end
for _, job in ipairs(jobs) do
  local k, id = job.k, job.id
  if #job.state > 0 then
    redis.call('DEL', KEYS[k + 2])
    if job.old then leave(job.old, id, job.explicit) end
  end
  if has(job, 'a') then
    redis.call('LREM', KEYS[k + 6], -1, id)
    redis.call('HDEL', KEYS[k + 1], 'Fetched', 'Checked')
  end
  if #job.fields > 0 then redis.call('HSET', KEYS[k + 1], unpack(job.fields)) end
  if #job.state > 0 then
    redis.call('HSET', KEYS[k + 2], unpack(job.state))
    redis.call('RPUSH', KEYS[k + 3], unpack(job.history))
    enter(job)
    local isFinal = job.name == 'Succeeded' or job.name == 'Deleted'
    for key = k + 1, k + 3 do
      if isFinal then redis.call('EXPIRE', KEYS[key], ARGV[3]) elseif job.old then redis.call('PERSIST', KEYS[key]) end
    end
  end
  if has(job, 'a') then redis.pcall('PUBLISH', ARGV[2], id) end
end
if first.from ~= '+' and #first.data == 0 then
  redis.pcall('SET', KEYS[11], '1', 'PX', string.format('%.0f', ARGV[1] - ms + 1000))
end
return {'D', ms, '0', ''}
`,
})

const OUTCOMES = {
  D: 'done',
  A: 'already',
  L: 'late',
  K: 'locked',
  M: 'missing',
  S: 'state',
  O: 'data',
  C: 'continuations',
  E: 'exists',
} as const

export interface CommitReply {
  readonly outcome: (typeof OUTCOMES)[keyof typeof OUTCOMES]
  /** The clock of Redis, in ms. */
  readonly now: number
  /** Which of the writes it is about, from 0. */
  readonly index: number
  /** The name of the state, the Continuations, or what is known of the lock. */
  readonly text: string
}

export function decodeCommit(reply: unknown): CommitReply {
  const [letter, ms, number, text] = Array.isArray(reply) ? (reply as unknown[]) : []
  const outcome = typeof letter === 'string' ? OUTCOMES[letter as keyof typeof OUTCOMES] : undefined
  const now = Number(ms)
  if (outcome === undefined || Number.isNaN(now) || typeof text !== 'string')
    throw unexpectedReply('hangfire.transitions.commit', reply)
  return { outcome, now, index: Number(number) - 1, text }
}
