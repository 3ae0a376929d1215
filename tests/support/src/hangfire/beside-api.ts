import type { Monitor } from './monitor.ts'
import type { SaidJob, SaidPages } from './said.ts'

/** What our monitor shows and what .NET's IMonitoringApi said, in one form: they are to be equal. */
export interface Beside {
  readonly shown: unknown
  readonly said: unknown
}

/** More than any list of a test has. */
const ALL = { count: 100 }

/** Every list and counter of the dashboard, but for the awaiting jobs, which .NET's page does not show. */
export async function pagesBeside(monitor: Monitor, said: SaidPages): Promise<Beside> {
  // Null: .NET does not count them itself.
  const counted = Object.entries(said.statistics).filter(([, count]) => count !== null)
  const statistics = (await monitor.statistics()) as Readonly<Record<string, unknown>>
  // Storage 1.9.4 takes `queue:id` for an id, and finds no such job.
  const unknown = new Set(said.scheduled.flatMap(({ id, job }) => (job === null ? [withoutQueue(id)] : [])))
  const { queues } = await monitor.queues()
  const jobsOf = async (list: 'processing' | 'succeeded' | 'failed' | 'deleted') =>
    (await monitor[list](ALL)).jobs
  return {
    shown: {
      statistics: Object.fromEntries(counted.map(([name]) => [name, statistics[name.toLowerCase()]])),
      retryCount: statistics['retries'],
      retries: (await monitor.retries(ALL)).jobs.map(({ id }) => id),
      days: await outcomes(monitor, 'day', said.at),
      hours: await outcomes(monitor, 'hour', said.at),
      servers: byName(
        (await monitor.servers()).servers.map((server) => ({
          Name: server.id,
          WorkersCount: server.workerCount,
          StartedAt: server.startedAt,
          Queues: server.queues,
          Heartbeat: server.heartbeat ?? null,
        })),
      ),
      queues: await Promise.all(
        queues.map(async ({ name, length, fetched }) => ({
          Name: name,
          Length: length,
          Fetched: fetched,
          enqueued: (await monitor.enqueued(name, ALL)).jobs.map((job) => ({
            id: job.id,
            State: job.state ?? null,
            InEnqueuedState: job.isInState,
            EnqueuedAt: job.enqueuedAt ?? null,
            job: nameOf(job),
            error: null,
          })),
          fetched: (await monitor.fetched(name, ALL)).jobs.map((job) => ({
            id: job.id,
            State: job.state ?? null,
            FetchedAt: job.fetchedAt ?? null,
            job: nameOf(job),
          })),
        })),
      ),
      scheduled: (await monitor.scheduled(ALL)).jobs.map((job) =>
        unknown.has(job.id)
          ? { id: job.id }
          : {
              id: job.id,
              EnqueueAt: job.enqueueAt,
              InScheduledState: job.isInState,
              job: nameOf(job),
              error: null,
            },
      ),
      processing: tiesById(
        (await jobsOf('processing')).map((job) => ({
          id: job.id,
          ServerId: job.serverId,
          StartedAt: job.startedAt,
          InProcessingState: job.isInState,
          job: nameOf(job),
        })),
      ),
      succeeded: (await jobsOf('succeeded')).map((job) => ({
        id: job.id,
        result: job.result ?? null,
        TotalDuration: (job.performanceMs ?? NaN) + (job.latencyMs ?? NaN),
        SucceededAt: job.succeededAt,
        InSucceededState: job.isInState,
      })),
      failed: (await jobsOf('failed')).map((job) => ({
        id: job.id,
        Reason: job.reason,
        ExceptionType: job.exceptionType,
        ExceptionMessage: job.exceptionMessage,
        FailedAt: job.failedAt,
        InFailedState: job.isInState,
      })),
      deleted: (await jobsOf('deleted')).map((job) => ({
        id: job.id,
        DeletedAt: job.deletedAt,
        InDeletedState: job.isInState,
      })),
      recurring: (await monitor.recurring()).recurring.map((job) => ({
        Id: job.id,
        Cron: job.cron,
        TimeZoneId: job.timeZone,
        Queue: job.queue,
        jobQueue: job.call?.queue ?? null,
        job: nameOf(job),
        CreatedAt: job.createdAt,
        NextExecution: job.nextExecution ?? null,
        LastExecution: job.lastExecution ?? null,
        LastJobId: job.lastJobId ?? null,
        LastJobState: job.lastJobState ?? null,
        Error: job.error ?? null,
        RetryAttempt: job.retryAttempt,
        loadError: null,
      })),
    },
    said: dated({
      statistics: Object.fromEntries(counted),
      retryCount: said.retries.length,
      retries: said.retries,
      days: countsBySince(said.days, DAY),
      hours: countsBySince(said.hours, HOUR),
      servers: byName(said.servers),
      queues: byName(said.queues),
      scheduled: said.scheduled.map((job) => (job.job === null ? { id: withoutQueue(job.id) } : job)),
      processing: tiesById(said.processing),
      succeeded: said.succeeded,
      failed: said.failed,
      deleted: said.deleted,
      recurring: said.recurring,
    }),
  }
}

/** All that a job's page shows. */
export async function jobBeside(monitor: Monitor, said: SaidJob): Promise<Beside> {
  const job = await monitor.job(said.id)
  if (!said.exists) return { shown: job, said: undefined }
  return {
    shown: {
      job: nameOf(job ?? {}),
      queue: job?.call?.queue ?? null,
      arguments: job?.call?.arguments,
      createdAt: job?.createdAt,
      properties: job?.parameters,
      state: job?.stored && { Name: job.stored.name, Reason: job.stored.reason, Data: job.stored.data },
      history: job?.history.map(({ name, reason, createdAt, data }) => ({
        StateName: name,
        Reason: reason,
        CreatedAt: createdAt,
        Data: data,
      })),
    },
    said: {
      job: dated(said.job),
      // Storage 1.9.4 takes it for a parameter of the job.
      queue: said.queue ?? said.properties?.['Queue'] ?? null,
      arguments: JSON.parse(said.arguments ?? 'null') as unknown,
      createdAt: Date.parse(said.createdAt ?? ''),
      properties: withoutMark(said.properties),
      state: said.state ?? undefined,
      history: said.history?.map((entry) => ({ ...entry, CreatedAt: Date.parse(entry.CreatedAt) })),
    },
  }
}

/** What a watcher notes on a job is none of its parameters, though .NET shows it as one. */
function withoutMark(properties: SaidJob['properties']): SaidJob['properties'] {
  const { Checked: _, ...rest } = properties ?? {}
  return properties && rest
}

const HOUR = 3_600_000
const DAY = 24 * HOUR
const OUTCOMES = ['succeeded', 'failed', 'deleted'] as const

async function outcomes(monitor: Monitor, by: 'day' | 'hour', until: number): Promise<unknown> {
  const { outcomes: periods } = await monitor.outcomes(by, until)
  return Object.fromEntries(
    OUTCOMES.map((outcome) => [
      outcome,
      periods.flatMap((each) => (each[outcome] === 0 ? [] : [[each.since, each[outcome]]])),
    ]),
  )
}

function countsBySince(said: SaidPages['days'], lengthMs: number): unknown {
  return Object.fromEntries(
    OUTCOMES.map((outcome) => [
      outcome,
      Object.entries(said[outcome] ?? {}).map(([at, count]) => [
        Math.floor(Date.parse(at) / lengthMs) * lengthMs,
        count,
      ]),
    ]),
  )
}

/** What is a set in Redis comes in any order. */
function byName<T extends { readonly Name: string }>(list: readonly T[]): readonly T[] {
  return list.toSorted((a, b) => (a.Name < b.Name ? -1 : 1))
}

/** Jobs that began in the same millisecond come in either order. */
function tiesById<T extends { readonly id: string; readonly StartedAt?: unknown }>(list: readonly T[]): T[] {
  const place = new Map(list.map(({ id }, i) => [id, i]))
  const placeOf = ({ id }: T): number => place.get(id) ?? 0
  return list.toSorted((a, b) =>
    a.StartedAt === b.StartedAt ? (a.id < b.id ? -1 : 1) : placeOf(a) - placeOf(b),
  )
}

function withoutQueue(member: string): string {
  return member.slice(member.indexOf(':') + 1)
}

/** .NET's full name of a type and its method, without the arguments of generic types. */
function nameOf({
  call,
}: {
  readonly call?: { readonly type: string; readonly method: string }
}): string | null {
  return call === undefined
    ? null
    : `${call.type.replace(/\[\[.*\]\]/, '').replace(/,.*/, '')}.${call.method}`
}

/** Dates as whole milliseconds, without Z in UTC too; names of types as `nameOf` makes them. */
function dated(value: unknown): unknown {
  if (typeof value === 'string')
    return /^\d{4}-\d\d-\d\dT[\d:.]+Z?$/.test(value)
      ? Math.floor(Date.parse(value.replace(/Z?$/, 'Z')))
      : value.replace(/\[\[.*\]\]/, '')
  if (Array.isArray(value)) return value.map(dated)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, dated(member)]))
}
