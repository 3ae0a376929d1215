import { checkDuration, checkInteger, checkName, checkOneOf } from '../check.ts'
import type { StorageCalls } from '../storage-calls.ts'
import type { RecordKey } from '../storage/records.ts'
import type { Codec } from '../codec.ts'
import { decide } from './decide.ts'
import { type Current, currentOf } from './record.ts'
import { type ExecutionSnapshot, type SnapshotKey, snapshotOf } from './snapshot.ts'

/** What operators do with executions of other processes. */
export interface Administration {
  /**
   * One page of what is stored of a job type, in no particular order; a page may be shorter than `limit`, or empty,
   * while `cursor` says that there is more. Reads no foreign key.
   */
  list(jobType: string, options?: ListOptions): Promise<ExecutionPage>
  /** The job types that have been started here and are kept track of for 30 days. */
  listJobTypes(): Promise<readonly string[]>
  /** Removes what is stored, a running execution included (its owner loses its lease). True when something was. */
  forget(jobType: string, jobKey: string): Promise<boolean>
  /**
   * Asks the owner to stop: its signal is aborted at its next write, a third of its lease at the latest. True when a
   * live execution was asked.
   */
  requestCancel(jobType: string, jobKey: string, options?: { readonly reason?: string }): Promise<boolean>
  /**
   * Removes completed and failed executions that ended at least `olderThanMs` ago, of one job type or of all; never
   * a running or stalled one. Returns how many. Not needed for correctness: everything expires by itself.
   */
  cleanupExpiredExecutions(olderThanMs: number, options?: { readonly jobType?: string }): Promise<number>
}

export interface ListOptions {
  readonly status?: ExecutionSnapshot['status']
  /** 1 to 1,000, default 100. */
  readonly limit?: number
  readonly cursor?: string
}

export interface ExecutionPage {
  readonly executions: readonly ExecutionSnapshot[]
  readonly cursor?: string | undefined
}

const JOB_TYPES_TTL_MS = 30 * 86_400_000
const PAGE = 500

interface OwnAdministration extends Administration {
  read(job: SnapshotKey & { readonly key: RecordKey }): Promise<ExecutionSnapshot | null>
  /** Remembers that this job type exists, once a process; nobody waits for it. */
  announce(jobType: string): void
}

export function createAdministration(
  calls: StorageCalls,
  prefix: string,
  codecOf: (jobType: string) => Codec,
): OwnAdministration {
  const { runtime } = calls
  const { records } = calls.storage
  const announced = new Set<string>()
  // Two colons: no job type's collection can be called so, because its own name follows a single one.
  const jobTypes = `${prefix}::job-types`

  const keyOf = (jobType: string, jobKey: string): RecordKey => {
    checkName('jobType', jobType)
    checkName('jobKey', jobKey)
    return { collection: `${prefix}:${jobType}`, id: jobKey }
  }

  async function* walk(
    collection: string,
  ): AsyncGenerator<{ id: string; rev: number; current: Current; now: number }> {
    let cursor: string | undefined
    do {
      const page = cursor === undefined ? { limit: PAGE } : { limit: PAGE, cursor }
      const { reply } = await calls.call(() => records.list(collection, page))
      for (const { id, entry } of reply.records)
        yield { id, rev: entry.rev, current: currentOf(entry), now: reply.now }
      cursor = reply.cursor
    } while (cursor !== undefined)
  }

  const listJobTypes = async (): Promise<readonly string[]> => {
    const types: string[] = []
    let cursor: string | undefined
    do {
      const page = cursor === undefined ? { limit: PAGE } : { limit: PAGE, cursor }
      const { reply } = await calls.call(() => records.list(jobTypes, page))
      types.push(...reply.records.map(({ id }) => id))
      cursor = reply.cursor
    } while (cursor !== undefined)
    return types.sort()
  }

  return {
    async read({ key, jobType, jobKey }) {
      const { reply } = await calls.call(() => records.read(key))
      return reply.entry === null
        ? null
        : snapshotOf({ jobType, jobKey }, currentOf(reply.entry), reply.now, codecOf(jobType))
    },

    announce(jobType) {
      if (announced.has(jobType)) return
      announced.add(jobType)
      const write = { writeId: runtime.randomId(), value: '{}', ttlMs: JOB_TYPES_TTL_MS, notify: false }
      calls
        .call(() => records.createOrRead({ collection: jobTypes, id: jobType }, write), undefined, {
          background: true,
        })
        .catch(() => announced.delete(jobType))
    },

    listJobTypes,

    async list(jobType, { status, limit = 100, cursor } = {}) {
      checkName('jobType', jobType)
      checkInteger('limit', limit, 1, 1_000)
      if (status !== undefined) checkOneOf('status', status, ['executing', 'completed', 'failed'])
      const page = cursor === undefined ? { limit } : { limit, cursor }
      const { reply } = await calls.call(() => records.list(`${prefix}:${jobType}`, page))
      const executions = reply.records
        .map(({ id, entry }) =>
          snapshotOf({ jobType, jobKey: id }, currentOf(entry), reply.now, codecOf(jobType)),
        )
        .filter((snapshot) => status === undefined || snapshot.status === status)
      return { executions, cursor: reply.cursor }
    },

    async forget(jobType, jobKey) {
      const key = keyOf(jobType, jobKey)
      let { entry } = (await calls.call(() => records.read(key))).reply
      while (entry !== null) {
        const { rev } = entry
        const { reply } = await calls.call(() => records.compareAndDelete(key, { rev }))
        if (reply.ok) return true
        ;({ entry } = reply)
      }
      return false
    },

    async requestCancel(jobType, jobKey, { reason = 'Cancelled on request.' } = {}) {
      const key = keyOf(jobType, jobKey)
      let { entry, now } = (await calls.call(() => records.read(key))).reply
      while (entry !== null) {
        const current = currentOf(entry)
        const ttlMs = Math.max(1, entry.expiresAt - now)
        const decision = decide(current, now, { type: 'requestCancel', reason, ttlMs })
        if (decision.type !== 'write') return false
        const value = JSON.stringify(decision.record)
        const write = { writeId: runtime.randomId(), value, ttlMs: decision.ttlMs, notify: true }
        const { reply } = await calls.call(() => records.compareAndSet(key, current.rev, write))
        if (reply.ok) return true
        ;({ entry, now } = reply)
      }
      return false
    },

    async cleanupExpiredExecutions(olderThanMs, { jobType } = {}) {
      checkDuration('olderThanMs', olderThanMs, 0)
      if (jobType !== undefined) checkName('jobType', jobType)
      let removed = 0
      for (const type of jobType === undefined ? await listJobTypes() : [jobType]) {
        const collection = `${prefix}:${type}`
        for await (const { id, rev, current, now } of walk(collection)) {
          if (current.record.status === 'executing' || now - current.writtenAt < olderThanMs) continue
          const { reply } = await calls.call(() => records.compareAndDelete({ collection, id }, { rev }))
          if (reply.ok) removed += 1
        }
      }
      return removed
    },
  }
}
