import type { Dialect } from '../wire/dialect.ts'
import type { Fields } from '../wire/fields.ts'
import { type HangfireKeys, lockResources } from '../wire/keys.ts'
import { scoreOf } from '../wire/schedule.ts'
import { type JobState, encodeState } from '../wire/states.ts'
import { encodeHistoryEntry, encodeStateHash } from '../wire/stored-state.ts'
import { sharedKeys } from './lua.ts'

/** What one call writes of one job, and what must be so that it does. */
export interface JobWrite {
  readonly id: string
  /** `new`: the job must not exist. Else the states that it may be in, or may not be in; default: any. */
  readonly from?: 'new' | readonly string[] | { readonly not: readonly string[] } | undefined
  /** What the hash of its state must have, such as the ServerId and WorkerId of Processing. Default: anything. */
  readonly data?: Fields | undefined
  /** What `Continuations` must be; '' for none. Default: anything. */
  readonly continuations?: string | undefined
  /** Fields of the job's hash. `State` is set by `steps`. */
  readonly fields?: Fields | undefined
  /** States, each of which goes into the history; the last becomes the state. None: only fields are written. */
  readonly steps: readonly JobState[]
  /** The queue that an Enqueued job goes to. Default: the queue of its state. */
  readonly queue?: string | undefined
  /** It goes to the front of its queue. Default: false. */
  readonly toFront?: boolean | undefined
  /** The queue that a worker took it from: it is acknowledged. Default: it is not. */
  readonly acknowledge?: string | undefined
}

/** How long Hangfire keeps a job that has ended, in seconds. */
const KEPT_S = 86_400

interface Commit {
  readonly dialect: Dialect
  /** By the clock of Redis, in ms. */
  readonly now: number
  /** 13 digits. */
  readonly notAfter: string
  /** Of this commit, all its sendings included. */
  readonly token: string
}

/** The keys and arguments of `commitJobs`. The first write is the one that a repetition is known by. */
export function encodeWrites(
  writes: readonly JobWrite[],
  keys: HangfireKeys,
  { dialect, now, notAfter, token }: Commit,
): readonly [keys: readonly string[], args: readonly string[]] {
  const keyList = [...sharedKeys(keys), `${keys.prefix}holdfast:changed:${token}`]
  const args = [notAfter, keys.fetchChannel, String(KEPT_S)]
  for (const write of writes) {
    keyList.push(...keysOf(write, keys, now))
    args.push(...argumentsOf(write, dialect, now))
  }
  return [keyList, args]
}

function keysOf({ id, steps, queue, acknowledge }: JobWrite, keys: HangfireKeys, now: number): string[] {
  const job = keys.job(id)
  const last = steps.at(-1)
  const to = last?.name === 'Enqueued' ? (queue ?? last.queue) : undefined
  const outcome = last === undefined ? undefined : COUNTED[last.name]
  const period = new Date(now).toISOString()
  return [
    job,
    keys.jobState(id),
    keys.jobHistory(id),
    keys.lock(lockResources.jobState(id)),
    // What a write does not need is its hash.
    to === undefined ? job : keys.queue(to),
    acknowledge === undefined ? job : keys.dequeued(acknowledge),
    outcome === undefined ? job : keys.stats(outcome, period.slice(0, 10)),
    outcome === undefined ? job : keys.stats(outcome, period.slice(0, 13).replace('T', '-')),
  ]
}

const COUNTED: Partial<Record<JobState['name'], 'succeeded' | 'failed' | 'deleted'>> = {
  Succeeded: 'succeeded',
  Failed: 'failed',
  Deleted: 'deleted',
}

function argumentsOf(write: JobWrite, dialect: Dialect, now: number): string[] {
  const { id, from, data = {}, continuations = '*', fields = {}, steps, toFront = false, acknowledge } = write
  const last = steps.at(-1)
  const stored = steps.map((step) => encodeState(step, dialect))
  const state = stored.at(-1)
  const isRetry = last?.name === 'Scheduled' && last.reason?.startsWith('Retry attempt') === true
  const flags = `${toFront ? 'f' : ''}${isRetry ? 'r' : ''}${acknowledge === undefined ? '' : 'a'}`
  return [
    id,
    encodeFrom(from),
    continuations,
    last?.name ?? '',
    last?.name === 'Enqueued' ? (write.queue ?? last.queue) : '',
    last?.name === 'Scheduled' ? String(scoreOf(last.enqueueAt)) : '',
    flags,
    ...list(pairs(data)),
    ...list(pairs({ ...fields, ...(state === undefined ? {} : { State: state.name }) })),
    ...list(state === undefined ? [] : pairs(encodeStateHash(state))),
    ...list(stored.map((each) => encodeHistoryEntry({ ...each, createdAt: now }, dialect.dates))),
  ]
}

function encodeFrom(from: JobWrite['from']): string {
  if (from === undefined) return ''
  if (from === 'new') return '+'
  return 'not' in from ? `!,${from.not.join(',')},` : `,${from.join(',')},`
}

function list(items: readonly string[]): readonly string[] {
  return [String(items.length), ...items]
}

function pairs(fields: Fields): readonly string[] {
  const list: string[] = []
  for (const [name, value] of Object.entries(fields)) list.push(name, value)
  return list
}
