import type { Command } from './dotnet-process.ts'

/** A state as .NET stores it: its data has the order of .NET's. */
export interface DotnetState {
  readonly name: string
  readonly reason: string | null
  readonly data: Readonly<Record<string, string>>
}

const date = (): string => String(Date.now())
const seconds = (): string => String(Math.floor(Date.now() / 1_000))

export const states = {
  enqueued: (queue: string = 'default', reason: string | null = null): DotnetState => ({
    name: 'Enqueued',
    reason,
    data: { EnqueuedAt: date(), Queue: queue },
  }),
  scheduled: (delayMs: number, reason: string | null = null): DotnetState => ({
    name: 'Scheduled',
    reason,
    data: { EnqueueAt: String(Date.now() + delayMs), ScheduledAt: date() },
  }),
  processing: (serverId: string, workerId: string): DotnetState => ({
    name: 'Processing',
    reason: null,
    data: { StartedAt: date(), ServerId: serverId, WorkerId: workerId },
  }),
  succeeded: (durationMs: number, latencyMs: number, result?: string): DotnetState => ({
    name: 'Succeeded',
    reason: null,
    data: {
      SucceededAt: date(),
      PerformanceDuration: String(durationMs),
      Latency: String(latencyMs),
      ...(result === undefined ? {} : { Result: result }),
    },
  }),
  failed: (error: DotnetError, serverId: string): DotnetState => ({
    name: 'Failed',
    reason: 'An exception occurred during performance of the job.',
    data: {
      FailedAt: date(),
      ExceptionType: error.type,
      ExceptionMessage: error.message,
      ExceptionDetails: `${error.type}: ${error.message}`,
      ServerId: serverId,
    },
  }),
  deleted: (reason: string | null = null, error?: DotnetError): DotnetState => ({
    name: 'Deleted',
    reason,
    data: {
      DeletedAt: date(),
      ...(error === undefined
        ? {}
        : { Exception: JSON.stringify({ e: `${error.type}, mscorlib`, m: error.message }) }),
    },
  }),
  awaiting: (parentId: string, options: number): DotnetState => ({
    name: 'Awaiting',
    reason: null,
    data: {
      ParentId: parentId,
      NextState: '{"$type":"Hangfire.States.EnqueuedState, Hangfire.Core","Queue":"default"}',
      Options: String(options),
    },
  }),
} as const

/** What a body throws. */
export interface DotnetError {
  readonly type: string
  readonly message: string
}

export const isFinal = (name: string): boolean => name === 'Succeeded' || name === 'Deleted'

/** The job that changes: where it was, and the queue that it was given beside its state, if any. */
export interface Changing {
  readonly id: string
  /** Undefined for a job that is just created. */
  readonly from: string | undefined
  readonly explicitQueue: string | undefined
}

/** What one transaction does: the last of the steps becomes the state, and all of them enter the history. */
export function transition(
  key: (name: string) => string,
  { id, from, explicitQueue }: Changing,
  steps: readonly DotnetState[],
): readonly Command[] {
  const last = steps.at(-1)
  if (last === undefined) throw new Error('no state')
  const [job, state, history] = ['', ':state', ':history'].map((part) => key(`job:${id}${part}`)) as [
    string,
    string,
    string,
  ]
  const hash = { ...last.data, State: last.name, ...(last.reason === null ? {} : { Reason: last.reason }) }
  const member = explicitQueue === undefined ? id : `${explicitQueue}:${id}`
  const isRetry = last.reason?.startsWith('Retry attempt') === true
  const record = ({ name, reason, data }: DotnetState): Command => [
    'RPUSH',
    history,
    JSON.stringify({ ...data, State: name, Reason: reason, CreatedAt: date() }),
  ]
  const leaving: Readonly<Record<string, readonly Command[]>> = {
    Scheduled: [
      ['ZREM', key('retries'), id],
      ['ZREM', key('schedule'), member],
    ],
    Processing: [['ZREM', key('processing'), id]],
    Failed: [
      ['ZREM', key('retries'), id],
      ['ZREM', key('failed'), id],
    ],
    Succeeded: [
      ['DECR', key('stats:succeeded')],
      ['LREM', key('succeeded'), '0', id],
    ],
    Deleted: [
      ['DECR', key('stats:deleted')],
      ['LREM', key('deleted'), '0', id],
    ],
    Awaiting: [['ZREM', key('awaiting'), id]],
  }
  return [
    ...counted(key, last.name),
    ...steps.slice(0, -1).map(record),
    ...(isRetry ? [['ZADD', key('retries'), '0', id] as const] : []),
    ...(leaving[from ?? ''] ?? []),
    ['HSET', job, 'State', last.name],
    ['UNLINK', state],
    ['HMSET', state, ...Object.entries(hash).flat()],
    record(last),
    ...entering(key, last, id, explicitQueue, member),
    ...[job, history, state].map((each): Command =>
      isFinal(last.name) ? ['EXPIRE', each, '86400'] : ['PERSIST', each],
    ),
  ]
}

export function push(key: (name: string) => string, queue: string, id: string): readonly Command[] {
  return [
    ['SADD', key('queues'), queue],
    ['LPUSH', key(`queue:${queue}`), id],
    ['PUBLISH', key('JobFetchChannel'), id],
  ]
}

function entering(
  key: (name: string) => string,
  { name, data }: DotnetState,
  id: string,
  explicitQueue: string | undefined,
  member: string,
): readonly Command[] {
  switch (name) {
    case 'Enqueued':
      return push(key, data.Queue === 'default' ? (explicitQueue ?? 'default') : (data.Queue ?? ''), id)
    case 'Scheduled':
      return [['ZADD', key('schedule'), String(Math.floor(Number(data.EnqueueAt) / 1_000)), member]]
    case 'Processing':
    case 'Failed':
      return [['ZADD', key(name.toLowerCase()), seconds(), id]]
    case 'Succeeded':
    case 'Deleted': {
      const list = name.toLowerCase()
      return [
        ['INCR', key(`stats:${list}`)],
        ['LPUSH', key(list), id],
        ['LTRIM', key(list), '0', '499'],
      ]
    }
    default:
      return []
  }
}

/** The history of statistics: by the day for a month, by the hour for a day. */
function counted(key: (name: string) => string, name: string): readonly Command[] {
  if (!isFinal(name) && name !== 'Failed') return []
  const now = new Date().toISOString()
  const [day, hour] = [now.slice(0, 10), now.slice(0, 13).replace('T', '-')].map((period) =>
    key(`stats:${name.toLowerCase()}:${period}`),
  ) as [string, string]
  return [
    ['INCR', day],
    ['PEXPIRE', day, '2591999999'],
    ['INCR', hour],
    ['EXPIRE', hour, '86400'],
  ]
}
