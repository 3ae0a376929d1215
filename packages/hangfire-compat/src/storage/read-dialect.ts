import type { Reader } from '../monitor/reader.ts'
import { collect } from '../monitor/unreadable.ts'
import { type DetectedDialect, detectDialect, requireDialect } from '../wire/detect-dialect.ts'
import type { Dialect } from '../wire/dialect.ts'
import type { Fields } from '../wire/fields.ts'
import type { HangfireKeys } from '../wire/keys.ts'
import { decodeScheduleMember } from '../wire/schedule.ts'

/** Of each kind so many are looked at. */
const SAMPLES = 5

/** What is written where no .NET ever was. .NET reads it, too. */
const OWN: Pick<Dialect, 'dates' | 'typeNames'> = { dates: 'ms', typeNames: 'simple' }

/**
 * The dialect of a prefix: what was given, else what its data shows. A prefix of Node alone needs none.
 *
 * @throws HangfireDialectError when a shared prefix does not show what was not given
 */
export async function dialectOf(
  reader: Reader,
  keys: HangfireKeys,
  mode: 'shared' | 'own',
  given: Partial<Dialect>,
): Promise<Dialect> {
  // Versions are written in full names only.
  const isGiven = given.dates !== undefined && given.typeNames === 'simple'
  const look = async (): Promise<DetectedDialect> => {
    const detected = isGiven ? detectDialect({}) : await readSamples(reader, keys).then(detectDialect)
    return mode === 'own' ? { ...OWN, ...detected } : detected
  }
  const first = await look()
  const [dates, typeNames] = [given.dates ?? first.dates, given.typeNames ?? first.typeNames]
  // The only job may have moved from a list that was read later to one that was read before.
  const isKnown = dates !== undefined && typeNames !== undefined
  return requireDialect(keys.prefix, isKnown ? first : await look(), given)
}

async function readSamples(
  reader: Reader,
  keys: HangfireKeys,
): Promise<{
  readonly servers: readonly Fields[]
  readonly jobs: readonly Fields[]
  readonly recurringJobs: readonly Fields[]
}> {
  const found = collect()
  const last = async (key: string): Promise<readonly string[]> =>
    (await reader.zset(key, -SAMPLES, -1, found)).map(([member]) => member)
  const newest = (key: string): Promise<readonly string[]> => reader.list(key, 0, SAMPLES - 1, found)
  const [servers, queues, recurring, scheduled, ...listed] = await Promise.all([
    reader.set(keys.servers, found),
    reader.set(keys.queues, found),
    last(keys.recurringJobs),
    last(keys.schedule),
    last(keys.processing),
    last(keys.failed),
    newest(keys.succeeded),
    newest(keys.deleted),
  ])
  // A job that a worker takes between the two is in the second.
  const queued = await Promise.all(
    queues.slice(0, SAMPLES).flatMap((queue) => [newest(keys.queue(queue)), newest(keys.dequeued(queue))]),
  )
  const ids = new Set([
    ...scheduled.map((member) => decodeScheduleMember(member).id),
    ...listed.flat(),
    ...queued.flat(),
  ])
  const hashes = (of: readonly string[]): Promise<readonly Fields[]> =>
    Promise.all(of.map((key) => reader.hash(key, found)))
  const [serverHashes, jobs, recurringJobs] = await Promise.all([
    hashes(servers.slice(0, SAMPLES).map(keys.server)),
    hashes([...ids].map(keys.job)),
    hashes(recurring.map(keys.recurringJob)),
  ])
  return { servers: serverHashes, jobs, recurringJobs }
}
