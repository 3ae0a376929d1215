import type { ExecutionSnapshot } from '@holdfast/core'
import type { RecordView } from '../events/snapshot.ts'
import type { AttemptBook } from './attempt-book.ts'
import type { Ground } from './ground.ts'
import { scanStored } from './scan-stored.ts'

/** What Redis holds for a piece of work: as `holdfast jobs show` says it, and as it is stored. */
export async function viewRecord(
  { observer, client }: Ground,
  attempts: AttemptBook,
  jobType: string,
  jobKey: string,
): Promise<RecordView | undefined> {
  const snapshot = await observer.idempotency.getExecutionStatus(jobType, jobKey)
  if (snapshot === null) return undefined
  const stored = client && (await readStored(client, jobType, jobKey))
  return {
    key: stored?.key ?? `${jobType} ${jobKey}`,
    kind: stored === undefined ? 'in the memory of the process' : 'string',
    ttlMs: stored?.ttlMs ?? null,
    fields: fieldsOf(snapshot),
    raw: stored?.raw ?? '',
    attempts: attempts.of(jobType, jobKey),
  }
}

/** The key is found as a person would find it with `redis-cli --scan`: its bucket is a hash of the job's key. */
async function readStored(client: NonNullable<Ground['client']>, jobType: string, jobKey: string) {
  const [found] = await scanStored(client, `{holdfast:r:AIReview:${jobType}:*}:${jobKey}`, 1)
  return found
}

type Field = RecordView['fields'][number]

function fieldsOf(snapshot: ExecutionSnapshot): readonly Field[] {
  const { status, stalled, released, attempt, fencingToken, executionId, instance, startTime, endTime } =
    snapshot
  const { updateTime, leaseRemainingMs, progressPercentage, progressMessage, checkpoint, result, error } =
    snapshot
  const { parentExecutionId, cancelRequested } = snapshot
  const field = (name: string, value: unknown, meaning: string): readonly Field[] =>
    value === null || value === undefined || value === ''
      ? []
      : [{ name, value: typeof value === 'string' ? value : JSON.stringify(value), meaning }]
  const state = stalled ? 'executing, silent' : released ? 'released' : status
  return [
    ...field('status', state, 'what has become of it'),
    ...field('executionId', executionId, 'names this attempt'),
    ...field('attempt', attempt, 'how often an owner was given it'),
    ...field('fence', fencingToken, 'the higher one wins: the database refuses a smaller one'),
    ...field('instance', instance, 'who runs or ran it'),
    ...field('parentExecutionId', parentExecutionId, 'the execution that started it'),
    ...field('startTime', startTime.toISOString(), 'by the clock of Redis'),
    ...field('updateTime', updateTime.toISOString(), 'when the record was last written'),
    ...field('endTime', endTime?.toISOString(), 'when its end was recorded'),
    ...field('lease', endTime === null ? `${leaseRemainingMs} ms` : null, 'left, unless the owner renews it'),
    ...field('progress', `${progressPercentage} % ${progressMessage ?? ''}`.trim(), 'as the job reported it'),
    ...field('checkpoint', checkpoint, 'the last saved step: the next attempt goes on from here'),
    ...field('result', result, 'what every later start gets'),
    ...field('error', error?.message, 'why it failed'),
    ...field('cancelRequested', cancelRequested, 'a visitor has asked it to stop'),
  ]
}
