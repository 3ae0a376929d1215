import type { DotnetJobs } from './dotnet-jobs.ts'
import type { DotnetLocks } from './dotnet-locks.ts'
import type { DotnetProcess } from './dotnet-process.ts'
import { type DotnetServer, removal } from './dotnet-server.ts'
import { states } from './dotnet-states.ts'

/** Hangfire's own: 30 minutes, and one minute. A test may shorten them. */
export interface WatcherTimes {
  readonly invisibilityMs?: number
  readonly checkedMs?: number
}

/** What runs beside the workers: one pass of each. */
export class DotnetSchedulers {
  readonly #process: DotnetProcess
  readonly #locks: DotnetLocks
  readonly #jobs: DotnetJobs
  readonly #server: DotnetServer
  readonly #key: (name: string) => string

  constructor(process: DotnetProcess, locks: DotnetLocks, jobs: DotnetJobs, server: DotnetServer) {
    this.#process = process
    this.#locks = locks
    this.#jobs = jobs
    this.#server = server
    this.#key = (name) => process.key(name)
  }

  /** @param queueOf where those go that have no `[Queue]`; default: `default` */
  async pollSchedule(queueOf: (id: string) => string = () => 'default'): Promise<number> {
    return await this.#locks.hold('locks:schedulepoller', 60_000, async () => {
      const due = await this.#due('schedule')
      for (const member of due) {
        const [, queue, id] = /^([^:]+):(.+)$/.exec(member) ?? []
        if (queue !== undefined && id !== undefined) {
          await this.#jobs.enqueueMember(member, queue, id)
          continue
        }
        const state = states.enqueued(queueOf(member), 'Triggered by DelayedJobScheduler')
        if (!(await this.#jobs.change(member, state, { expected: ['Scheduled'] })))
          await this.#process.send('ZREM', this.#key('schedule'), member)
      }
      return due.length
    })
  }

  /** What a pass of the recurring scheduler sends when nothing is due. */
  async pollRecurring(): Promise<void> {
    await this.#locks.hold('recurring-jobs:lock', 60_000, () => this.#due('recurring-jobs'))
  }

  async watchFetched(times: WatcherTimes = {}): Promise<readonly string[]> {
    const queues = (await this.#process.send('SMEMBERS', this.#key('queues'))) as string[]
    const requeued: string[] = []
    for (const queue of queues)
      requeued.push(
        ...(await this.#locks.hold(`queue:${queue}:dequeued:lock`, 60_000, () => this.#watch(queue, times))),
      )
    return requeued
  }

  /** Throws for ever when a member of `servers` has no StartedAt, as Hangfire's watchdog does. */
  async removeTimedOutServers(timeoutMs: number): Promise<void> {
    for (const id of (await this.#process.send('SMEMBERS', this.#key('servers'))) as string[]) {
      const fields = this.#process.send('HMGET', this.#key(`server:${id}`), 'StartedAt', 'Heartbeat')
      const [startedAt, heartbeat] = (await fields) as (string | null)[]
      if (startedAt === null || startedAt === undefined) throw new Error(`NullReferenceException: ${id}`)
      if (Number(heartbeat ?? startedAt) + timeoutMs < Date.now())
        await this.#process.transaction(removal(this.#key, id))
    }
  }

  async #due(zset: string): Promise<string[]> {
    const [now] = (await this.#process.send('TIME')) as [string]
    const range = ['ZRANGEBYSCORE', this.#key(zset), '0', now, 'LIMIT', '0', '1000'] as const
    return (await this.#process.send(...range)) as string[]
  }

  async #watch(queue: string, times: WatcherTimes): Promise<readonly string[]> {
    const list = this.#key(`queue:${queue}:dequeued`)
    const requeued: string[] = []
    for (const id of (await this.#process.send('LRANGE', list, '0', '-1')) as string[]) {
      const times_ = this.#process.send('HMGET', this.#key(`job:${id}`), 'Fetched', 'Checked')
      const [fetched, checked] = (await times_) as (string | null)[]
      const isOfDeadServer = await this.#isOfDeadServer(id)
      if (isOfDeadServer || isOver(times, fetched ?? null, checked ?? null)) {
        await this.#server.requeue({ id, queue, ...(fetched == null ? {} : { fetched }) })
        requeued.push(id)
      } else if (fetched == null && checked == null)
        await this.#process.send('HSET', this.#key(`job:${id}`), 'Checked', String(Date.now()))
    }
    return requeued
  }

  /** 1.9.4 looks at no server. */
  async #isOfDeadServer(id: string): Promise<boolean> {
    if (this.#process.generation === '1.9.4') return false
    const serverId = await this.#process.send('HGET', this.#key(`job:${id}:state`), 'ServerId')
    if (typeof serverId !== 'string') return false
    return (await this.#process.send('HGET', this.#key(`server:${serverId}`), 'StartedAt')) === null
  }
}

function isOver(
  { invisibilityMs = 1_800_000, checkedMs = 60_000 }: WatcherTimes,
  fetched: string | null,
  checked: string | null,
): boolean {
  if (fetched !== null) return Number(fetched) + invisibilityMs < Date.now()
  return checked !== null && Number(checked) + checkedMs < Date.now()
}
