import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { DotnetLocks } from './dotnet-locks.ts'
import type { Command, DotnetProcess } from './dotnet-process.ts'
import {
  type Changing,
  type DotnetError,
  type DotnetState,
  isFinal,
  push,
  states,
  transition,
} from './dotnet-states.ts'

/** What it calls: the hash as .NET creates it, without State. */
export interface DotnetCall {
  readonly fields: Readonly<Record<string, string>>
  /** Given beside the state. 1.12.0 saves it in the hash; 1.9.4 only puts the id into that queue. */
  readonly explicitQueue?: string
}

/** What `[Queue]` on a method says, of which the process has the assembly. */
export type QueueAttribute = (fields: Readonly<Record<string, string>>) => string | undefined

/** [AutomaticRetry]. */
export interface DotnetRetry {
  readonly attempts: number
  readonly delayMs: number
  readonly onExceeded: 'fail' | 'delete'
}

export interface StateChange {
  /** The states that it may be in. Default: any. */
  readonly expected?: readonly string[]
  /** What a retry makes of Failed. Default: nothing. */
  readonly retry?: DotnetRetry
  /** 1.12.0: runs just before the state is committed. */
  readonly acknowledge?: () => Promise<void>
}

const FIFTEEN_MINUTES = 900_000

/** BackgroundJobClient, and the changer of states that all of Hangfire uses. */
export class DotnetJobs {
  readonly #process: DotnetProcess
  readonly #locks: DotnetLocks
  readonly #key: (name: string) => string
  readonly #attribute: QueueAttribute
  /** Explicit queues of jobs that this process created: 1.9.4 has them nowhere else. */
  readonly #explicitQueues = new Map<string, string>()

  constructor(process: DotnetProcess, locks: DotnetLocks, attribute: QueueAttribute = () => undefined) {
    this.#process = process
    this.#attribute = attribute
    this.#locks = locks
    this.#key = (name) => process.key(name)
  }

  async enqueue(call: DotnetCall): Promise<string> {
    const id = await this.#create(call)
    await this.#first(id, call, states.enqueued())
    return id
  }

  async schedule(call: DotnetCall, delayMs: number): Promise<string> {
    const id = await this.#create(call)
    await this.#first(id, call, states.scheduled(delayMs))
    return id
  }

  /** @param options flags: 0 any end, 1 succeeded, 2 deleted */
  async continueWith(parentId: string, call: DotnetCall, options: number): Promise<string> {
    const id = await this.#create(call)
    const parent = await this.#locks.hold(`job:${parentId}:state-lock`, FIFTEEN_MINUTES, async () => {
      await this.#process.hash(`job:${parentId}`)
      const listed = await this.#continuationsOf(parentId)
      const each = { JobId: id, ...(options === 0 ? {} : { Options: options }) }
      await this.#process.send(
        'HSET',
        this.#key(`job:${parentId}`),
        'Continuations',
        JSON.stringify([...listed, each]),
      )
      return await this.#process.hash(`job:${parentId}:state`)
    })
    await this.#first(
      id,
      call,
      isFinal(parent.State ?? '')
        ? afterEnd(options, parent.State ?? '')
        : states.awaiting(parentId, options),
    )
    return id
  }

  /** False: it was in none of the expected states, or is gone. */
  delete(id: string, reason: string | null = null): Promise<boolean> {
    return this.change(id, states.deleted(reason))
  }

  requeue(id: string, { queue, reason = null }: { queue?: string; reason?: string | null } = {}) {
    return this.change(id, states.enqueued(queue, reason))
  }

  async change(
    id: string,
    candidate: DotnetState,
    { expected, retry, acknowledge }: StateChange = {},
  ): Promise<boolean> {
    return await this.#locks.hold(`job:${id}:state-lock`, FIFTEEN_MINUTES, async () => {
      const job = await this.#loaded(id)
      if (job.State === undefined || expected?.includes(job.State) === false) return false
      const steps = [
        this.#directed(candidate, job),
        ...(candidate.name === 'Failed' ? await this.#retried(id, candidate, retry) : []),
      ]
      const last = steps.at(-1) ?? candidate
      if (isFinal(last.name)) await this.#startChildren(id, last.name)
      await acknowledge?.()
      const explicitQueue = job.Queue ?? this.#explicitQueues.get(id)
      const changing: Changing = { id, from: job.State, explicitQueue }
      await this.#process.transaction(transition(this.#key, changing, steps))
      return true
    })
  }

  /** A member `queue:id` of the schedule: neither its type nor its state is looked at. */
  async enqueueMember(member: string, queue: string, id: string): Promise<void> {
    await this.#process.transaction([['ZREM', this.#key('schedule'), member], ...push(this.#key, queue, id)])
  }

  /** The attribute wins over every other queue. */
  #directed(state: DotnetState, fields: Readonly<Record<string, string>>): DotnetState {
    const queue = state.name === 'Enqueued' ? this.#attribute(fields) : undefined
    return queue === undefined ? state : { ...state, data: { ...state.data, Queue: queue } }
  }

  async #create({ fields, explicitQueue }: DotnetCall): Promise<string> {
    const id = randomUUID()
    const savesQueue = explicitQueue !== undefined && this.#process.generation === '1.12.0'
    const hash: Command = [
      'HMSET',
      this.#key(`job:${id}`),
      ...Object.entries({
        ...fields,
        CreatedAt: String(Date.now()),
        ...(savesQueue ? { Queue: explicitQueue } : {}),
      }).flat(),
    ]
    await this.#process.transaction([hash, ['EXPIRE', this.#key(`job:${id}`), '2592000']])
    if (explicitQueue !== undefined) this.#explicitQueues.set(id, explicitQueue)
    return id
  }

  /** Of a job that no other process knows, so without the lock. */
  async #first(id: string, { explicitQueue, fields }: DotnetCall, state: DotnetState): Promise<void> {
    const changing: Changing = { id, from: undefined, explicitQueue }
    await this.#process.transaction(transition(this.#key, changing, [this.#directed(state, fields)]))
  }

  /** A job without a state is read five times in ten seconds. */
  async #loaded(id: string): Promise<Readonly<Record<string, string>>> {
    for (let attempt = 0; ; attempt += 1) {
      const job = await this.#process.hash(`job:${id}`)
      if (job.State !== undefined || attempt === 4) return job
      await sleep((attempt + 1) * this.#process.secondMs)
    }
  }

  async #retried(id: string, failed: DotnetState, retry?: DotnetRetry): Promise<readonly DotnetState[]> {
    if (retry === undefined) return []
    const job = this.#key(`job:${id}`)
    const attempt = Number((await this.#process.send('HGET', job, 'RetryCount')) ?? 0) + 1
    const message = failed.data.ExceptionMessage ?? ''
    if (attempt <= retry.attempts) {
      await this.#process.send('HSET', job, 'RetryCount', String(attempt))
      const reason = `Retry attempt ${attempt} of ${retry.attempts}: ${message}`
      return [states.scheduled(retry.delayMs, reason)]
    }
    if (retry.onExceeded === 'fail') return []
    const error: DotnetError = { type: failed.data.ExceptionType ?? '', message }
    return [states.deleted('Exceeded the maximum number of retry attempts.', error)]
  }

  async #startChildren(id: string, end: string): Promise<void> {
    const children = await this.#continuationsOf(id)
    for (const { JobId } of children) await this.#untilItHasState(JobId)
    for (const { JobId, Options = 0 } of children)
      await this.change(JobId, afterEnd(Options, end), { expected: ['Awaiting'] })
  }

  /** Its creator lists a child before it gives it a state: so long .NET waits, but 60 s at most. */
  async #untilItHasState(childId: string): Promise<void> {
    for (let second = 0; second < 60; second += 1) {
      const job = await this.#process.hash(`job:${childId}`)
      const state = await this.#process.hash(`job:${childId}:state`)
      if (Object.keys(job).length === 0 || state.State !== undefined) return
      await sleep(this.#process.secondMs)
    }
  }

  async #continuationsOf(id: string): Promise<readonly { JobId: string; Options?: number }[]> {
    const text = await this.#process.send('HGET', this.#key(`job:${id}`), 'Continuations')
    return typeof text === 'string' ? (JSON.parse(text) as { JobId: string; Options?: number }[]) : []
  }
}

/** What becomes of a child when its parent has ended. */
function afterEnd(options: number, end: string): DotnetState {
  const isMet = options === 0 || (options & (end === 'Succeeded' ? 1 : 2)) > 0
  return isMet ? states.enqueued() : states.deleted('Continuation condition was not met')
}
