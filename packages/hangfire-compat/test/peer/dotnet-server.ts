import { randomUUID } from 'node:crypto'
import type { DotnetJobs, DotnetRetry } from './dotnet-jobs.ts'
import type { Command, DotnetProcess } from './dotnet-process.ts'
import { type DotnetError, states } from './dotnet-states.ts'

/** A job that a worker took out of a queue. */
export interface FetchedJob {
  readonly id: string
  readonly queue: string
  readonly fetched: string
}

/** What a body did. */
export type DotnetOutcome = { readonly result?: string } | { readonly error: DotnetError }

/** A server and its workers: who it is, what it takes, runs and acknowledges. */
export class DotnetServer {
  readonly id: string
  readonly #process: DotnetProcess
  readonly #jobs: DotnetJobs
  readonly #key: (name: string) => string

  constructor(process: DotnetProcess, jobs: DotnetJobs, name: string = 'dotnet') {
    this.id = `${name}:${String(globalThis.process.pid)}:${randomUUID()}`
    this.#process = process
    this.#jobs = jobs
    this.#key = (part) => process.key(part)
  }

  async announce(queues: readonly string[], workers: number = 2): Promise<void> {
    const hash = this.#key(`server:${this.id}`)
    await this.#process.transaction([
      ['SADD', this.#key('servers'), this.id],
      ['HMSET', hash, 'WorkerCount', String(workers), 'StartedAt', String(Date.now())],
      ['RPUSH', `${hash}:queues`, ...queues],
    ])
  }

  async heartbeat(): Promise<void> {
    await this.#process.send('HSET', this.#key(`server:${this.id}`), 'Heartbeat', String(Date.now()))
  }

  async remove(): Promise<void> {
    await this.#process.transaction(removal(this.#key, this.id))
  }

  /** In two steps, between which the job is in a list without a time. */
  async fetch(queues: readonly string[]): Promise<FetchedJob | undefined> {
    for (const queue of queues) {
      const list = this.#key(`queue:${queue}`)
      const id = await this.#process.send('RPOPLPUSH', list, `${list}:dequeued`)
      if (typeof id !== 'string') continue
      const fetched = String(Date.now())
      await this.#process.send('HSET', this.#key(`job:${id}`), 'Fetched', fetched)
      return { id, queue, fetched }
    }
    return undefined
  }

  /** The worker that processes it, or undefined when the job is in no state for that: then it is acknowledged. */
  async start(job: FetchedJob): Promise<string | undefined> {
    const workerId = randomUUID()
    const expected = ['Enqueued', 'Scheduled', 'Processing']
    if (await this.#jobs.change(job.id, states.processing(this.id, workerId), { expected })) {
      for (const culture of ['CurrentCulture', 'CurrentUICulture'])
        await this.#process.send('HGET', this.#key(`job:${job.id}`), culture)
      return workerId
    }
    await this.acknowledge(job)
    return undefined
  }

  /** What it looks at every five seconds: whether the job was deleted or requeued meanwhile. */
  async isStillMine({ id }: FetchedJob, workerId: string): Promise<boolean> {
    const { State, ServerId, WorkerId } = await this.#process.hash(`job:${id}:state`)
    return State === 'Processing' && ServerId === this.id && WorkerId === workerId
  }

  /** ≤ 1.9.4: the state, then the acknowledgement. 1.12.0: the acknowledgement, the state, and another one. */
  async finish(job: FetchedJob, outcome: DotnetOutcome, retry?: DotnetRetry): Promise<void> {
    const state =
      'error' in outcome ? states.failed(outcome.error, this.id) : states.succeeded(1, 1, outcome.result)
    const isNew = this.#process.generation === '1.12.0'
    await this.#jobs.change(job.id, state, {
      expected: ['Processing'],
      ...(retry === undefined ? {} : { retry }),
      ...(isNew ? { acknowledge: () => this.#leave(job, false) } : {}),
    })
    await this.acknowledge(job)
  }

  acknowledge(job: FetchedJob): Promise<void> {
    return this.#leave(job, true)
  }

  /** What a stopping server and the watcher do. */
  async requeue(job: Omit<FetchedJob, 'fetched'> & { readonly fetched?: string }): Promise<void> {
    const push: Command = ['RPUSH', this.#key(`queue:${job.queue}`), job.id]
    if (this.#process.generation === '1.9.4') {
      await this.#process.transaction([push, ...this.#cleanup(job)])
      return
    }
    const isMine = await this.#isFetched(job)
    await this.#process.transaction([push, ...(isMine ? this.#cleanup(job) : []), this.#publish(job)])
  }

  /** One job from beginning to end; undefined when all queues are empty. */
  async runOne(
    queues: readonly string[],
    body: (job: FetchedJob, workerId: string) => Promise<DotnetOutcome>,
    retry?: DotnetRetry,
  ): Promise<string | undefined> {
    const job = await this.fetch(queues)
    if (job === undefined) return undefined
    const workerId = await this.start(job)
    if (workerId !== undefined) await this.finish(job, await body(job, workerId), retry)
    return job.id
  }

  async #leave(job: FetchedJob, isLast: boolean): Promise<void> {
    if (this.#process.generation === '1.9.4') {
      if (isLast) await this.#process.transaction(this.#cleanup(job))
      return
    }
    const isMine = await this.#isFetched(job)
    await this.#process.transaction([...(isMine ? this.#cleanup(job) : []), this.#publish(job)])
  }

  /** 1.12.0 looks, but does not watch what it saw. */
  async #isFetched({ id, fetched }: { readonly id: string; readonly fetched?: string }): Promise<boolean> {
    const found = await this.#process.send('HGET', this.#key(`job:${id}`), 'Fetched')
    return fetched === undefined ? found === null : found === fetched
  }

  #cleanup({ id, queue }: { readonly id: string; readonly queue: string }): readonly Command[] {
    return [
      ['LREM', this.#key(`queue:${queue}:dequeued`), '-1', id],
      ['HDEL', this.#key(`job:${id}`), 'Fetched', 'Checked'],
    ]
  }

  #publish({ id }: { readonly id: string }): Command {
    return ['PUBLISH', this.#key('JobFetchChannel'), id]
  }
}

export function removal(key: (name: string) => string, serverId: string): readonly Command[] {
  return [
    ['SREM', key('servers'), serverId],
    ['UNLINK', key(`server:${serverId}`), key(`server:${serverId}:queues`)],
  ]
}
