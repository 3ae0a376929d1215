import { checkDuration, checkName, checkOneOf, checkString } from '../support/checks.ts'
import { type OptionTable, integer, resolveOptions } from '../support/option-table.ts'
import type { StorageClient } from '../support/storage-client.ts'
import type { ListReply, RecordKey } from '../storage/records.ts'
import type { Codec } from '../support/codec.ts'
import { MAX_TEXT_BYTES, truncateUtf8 } from './stored-error.ts'
import { decideCancel, leastAgeMs } from './decide.ts'
import { type VersionedRecord, currentOf, readableOf, type ExecutionSnapshot } from './record.ts'
import type { JobKey, JobKeys } from './job-key.ts'
import { snapshotOf } from './snapshot.ts'

/** What operators do with the executions of any process. */
export interface ExecutionAdmin {
  /**
   * One page of the stored executions of a job type, in no particular order. A page may be shorter than `limit`, or
   * empty, while `cursor` says that there is more. Reads no foreign key. Records that this version cannot read are named in `unreadable`.
   */
  list(jobType: string, options?: ListOptions): Promise<ExecutionPage>
  /** The job types that were started within the last 30 days. */
  listJobTypes(): Promise<readonly string[]>
  /**
   * Removes the stored record, also of a running execution (its owner loses its lease), and one that cannot be read. True
   * when there was a record. When this resolves, an owner in this process has lost it, and the job can be started anew.
   */
  forget(jobType: string, jobKey: string): Promise<boolean>
  /**
   * Asks the job to stop: its owner's signal is aborted when this resolves if the owner is in this process, else at its
   * next write, a third of its lease at the latest. When the owner is dead, or has released the job, the signal of its
   * next owner is aborted from the start. Waiters receive the failure and do not start the job again. True when the job
   * was not over yet, and so was asked. A reason is cut to 1,024 bytes.
   */
  requestCancel(
    jobType: string,
    jobKey: string,
    options?: { readonly reason?: string | undefined },
  ): Promise<boolean>
  /**
   * Removes completed and failed executions that ended at least `olderThanMs` ago, of one job type or of all; never
   * a running or stalled one. Returns how many. Not needed for correctness: everything expires by itself.
   */
  cleanupExpiredExecutions(
    olderThanMs: number,
    options?: { readonly jobType?: string | undefined },
  ): Promise<number>
}

/** Which executions of a job type are listed, and how many at a time. */
export interface ListOptions {
  /**
   * Only those in this state: `executing`, `completed` or `failed`; of the executing ones only the `stalled`, of the failed
   * ones only the `released`. Default: all.
   */
  readonly status?: ExecutionSnapshot['status'] | 'stalled' | 'released' | undefined
  /**
   * 1 to 1,000.
   * @default 100
   */
  readonly limit?: number | undefined
  /** `cursor` of the page before. Default: the first page. */
  readonly cursor?: string | undefined
}

/** A page of executions; with `cursor` when there are more. */
export interface ExecutionPage {
  readonly executions: readonly ExecutionSnapshot[]
  /** The job keys of records that a newer version, or another program, has written: `RECORD_UNREADABLE`. */
  readonly unreadable: readonly string[]
  readonly cursor?: string | undefined
}

/**
 * `npm run docs:examples` reads this table.
 * @public
 */
export const LIST: OptionTable<ListOptions, 'status' | 'cursor'> = {
  status: [
    (name, value) => checkOneOf(name, value, ['executing', 'stalled', 'completed', 'failed', 'released']),
    undefined,
  ],
  limit: [integer(1, 1_000), 100],
  cursor: [checkString, undefined],
}
type CancelOptions = NonNullable<Parameters<ExecutionAdmin['requestCancel']>[2]>
const CANCEL: OptionTable<CancelOptions> = { reason: [checkString, 'Cancelled on request.'] }
type CleanupOptions = NonNullable<Parameters<ExecutionAdmin['cleanupExpiredExecutions']>[1]>
const CLEANUP: OptionTable<CleanupOptions, 'jobType'> = { jobType: [checkName, undefined] }

/** How long a job type is listed after it was last started; a process records a start once a day. */
const JOB_TYPES_TTL_MS = 30 * 86_400_000
const ANNOUNCED_MS = 86_400_000
const PAGE = 500

interface AdminWithJobTypes extends ExecutionAdmin {
  /** Records that this job type exists, once a day, in the background. */
  announce(jobType: string): void
}

/** Receives each acknowledged write of an operator: the owner of the key may be in this process. */
export interface OperatorWrites {
  /** Executions that started with `rev` or before it are gone. */
  removed(job: JobKey, rev: number): void
  /** An operator asked the execution to stop. */
  cancelled(job: JobKey, current: VersionedRecord): void
}

function isIn({ status, stalled, released }: ExecutionSnapshot, wanted: ListOptions['status']): boolean {
  if (wanted === 'stalled') return stalled
  if (wanted === 'released') return released
  return wanted === undefined || wanted === status
}

export function createAdmin(
  calls: StorageClient,
  keys: JobKeys,
  codecOf: (jobType: string) => Codec,
  writes: OperatorWrites,
): AdminWithJobTypes {
  const { runtime } = calls
  const { records } = calls.storage
  const announcedAt = new Map<string, number>()
  async function* pagesOf(collection: string): AsyncGenerator<Omit<ListReply, 'cursor'>> {
    let cursor: string | undefined
    do {
      const page = cursor === undefined ? { limit: PAGE } : { limit: PAGE, cursor }
      const { reply } = await calls.call(() => records.list(collection, page))
      yield { records: reply.records, now: reply.now }
      cursor = reply.cursor
    } while (cursor !== undefined)
  }

  const listJobTypes = async (): Promise<readonly string[]> => {
    const types: string[] = []
    for await (const page of pagesOf(keys.jobTypes)) types.push(...page.records.map(({ id }) => id))
    return types.sort()
  }

  const rememberType = async (jobType: string): Promise<void> => {
    const key = { collection: keys.jobTypes, id: jobType }
    const write = { writeId: runtime.randomId(), value: '{}', ttlMs: JOB_TYPES_TTL_MS, notify: false }
    const send = <T>(command: () => Promise<T>): Promise<{ readonly reply: T }> =>
      calls.call(command, undefined, { background: true })
    const { outcome, entry, now } = (await send(() => records.put(key, null, write))).reply
    if (outcome !== 'conflict' || entry === null) return
    if (entry.expiresAt - now > JOB_TYPES_TTL_MS - ANNOUNCED_MS) return
    await send(() => records.put(key, entry.rev, write))
  }

  return {
    announce(jobType) {
      const now = runtime.monotonicNow()
      if (now - (announcedAt.get(jobType) ?? -Infinity) < ANNOUNCED_MS) return
      announcedAt.set(jobType, now)
      rememberType(jobType).catch(() => announcedAt.delete(jobType))
    },

    listJobTypes,

    async list(jobType, options = {}) {
      const { status, limit, cursor } = resolveOptions(LIST, options)
      const collection = keys.collection(jobType)
      const page = cursor === undefined ? { limit } : { limit, cursor }
      const { reply } = await calls.call(() => records.list(collection, page))
      const unreadable: string[] = []
      const executions = reply.records.flatMap(({ id, entry }) => {
        const current = readableOf(entry)
        if (current === null) unreadable.push(id)
        if (current === null) return []
        const snapshot = snapshotOf({ jobType, jobKey: id }, current, reply.now, codecOf(jobType))
        return isIn(snapshot, status) ? [snapshot] : []
      })
      return { executions, unreadable, cursor: reply.cursor }
    },

    async forget(jobType, jobKey) {
      const job = keys.of(jobType, jobKey)
      const { key } = job
      let { entry } = (await calls.call(() => records.read(key))).reply
      while (entry !== null) {
        const { rev } = entry
        const { reply } = await calls.call(() => records.compareAndDelete(key, { rev }))
        if (reply.outcome === 'deleted') {
          writes.removed(job, rev)
          return true
        }
        ;({ entry } = reply)
      }
      return false
    },

    async requestCancel(jobType, jobKey, options = {}) {
      const reason = truncateUtf8(resolveOptions(CANCEL, options).reason, MAX_TEXT_BYTES)
      const job = keys.of(jobType, jobKey)
      const { key } = job
      let { entry, now } = (await calls.call(() => records.read(key))).reply
      while (entry !== null) {
        const current = currentOf(entry)
        const ttlMs = Math.max(1, entry.expiresAt - now)
        const decision = decideCancel(current, now, { reason, ttlMs })
        if (decision.type !== 'write') return false
        const value = JSON.stringify(decision.record)
        const write = { writeId: runtime.randomId(), value, ttlMs: decision.ttlMs, notify: true }
        const { reply } = await calls.call(() => records.put(key, current.rev, write))
        if (reply.outcome === 'written') {
          writes.cancelled(job, currentOf(reply.entry))
          return true
        }
        ;({ entry, now } = reply)
      }
      return false
    },

    async cleanupExpiredExecutions(olderThanMs, options = {}) {
      const { jobType } = resolveOptions(CLEANUP, options)
      checkDuration('olderThanMs', olderThanMs, 0)
      const remove = async (key: RecordKey, rev: number): Promise<number> =>
        (await calls.call(() => records.compareAndDelete(key, { rev }))).reply.outcome === 'deleted' ? 1 : 0
      let removed = 0
      for (const type of jobType === undefined ? await listJobTypes() : [jobType]) {
        const collection = keys.collection(type)
        for await (const page of pagesOf(collection)) {
          const old = page.records.filter(({ entry }) => {
            const current = readableOf(entry)
            if (current === null || current.record.status === 'executing') return false
            return leastAgeMs(entry, page.now) >= olderThanMs
          })
          const counts = await Promise.all(old.map(({ id, entry }) => remove({ collection, id }, entry.rev)))
          removed += counts.reduce((sum, count) => sum + count, 0)
        }
      }
      return removed
    },
  }
}
