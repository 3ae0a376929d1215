import type { Fields } from '../wire/fields.ts'
import { instantOf } from '../schedulers/judge-fetched.ts'
import { encodeDate } from '../wire/dates.ts'
import { type Owner, changeState } from '../transitions/change-state.ts'
import { cleanUpJob } from './clean-up.ts'
import { HangfireJobLostError } from './errors.ts'
import { Halt } from './halt.ts'
import { decodeKeep, keepJob } from './keep.ts'
import type { ServerContext } from './server-context.ts'

const PUT_BACK = 'Put back by its server, which did not finish it'

/** A job that this worker has taken, until it has let go of it. */
export class TakenJob {
  readonly id: string
  /** The queue that it was taken from. */
  readonly queue: string
  /** The fields of its hash, as they were then. */
  readonly fields: Fields
  readonly owner: Owner
  /** When it was taken, by the clock of Redis, in ms. */
  readonly startedAt: number
  /** Over when the worker lets go of it: its body was not ended when the server did. */
  readonly abandoned: Halt = new Halt()
  /** Over when its signal aborts. */
  readonly interrupted: Halt = new Halt()
  readonly #server: ServerContext
  readonly #abort = new AbortController()
  readonly #timer: ReturnType<typeof setInterval>
  #fetched: string
  #slidAt = performance.now()
  #isLooking = false
  #isLost = false

  constructor(
    server: ServerContext,
    workerId: string,
    taken: { readonly queue: string; readonly id: string; readonly fields: Fields },
  ) {
    this.#server = server
    this.id = taken.id
    this.queue = taken.queue
    this.fields = taken.fields
    this.owner = { serverId: server.serverId, workerId }
    this.#fetched = taken.fields.Fetched ?? ''
    // No server writes there after the one that took the job.
    this.startedAt = instantOf(this.#fetched) ?? Date.now()
    this.#timer = setInterval(() => void this.#look(), server.times.checkMs)
  }

  /** Aborts when the job is not this worker's any more, and when the server stops. `reason` says which. */
  get signal(): AbortSignal {
    return this.#abort.signal
  }

  get isLost(): boolean {
    return this.#isLost
  }

  abort(reason: Error): void {
    this.#abort.abort(reason)
    this.interrupted.end()
  }

  /** The job is not this worker's, as a write was answered that wanted to end it. */
  lose(state: string): void {
    if (this.#isLost) return
    this.#isLost = true
    const error = new HangfireJobLostError(this.id, state)
    this.abort(error)
    this.#server.publish({ type: 'jobLost', id: this.id, error })
  }

  /** Stops looking after the job. */
  release(): void {
    clearInterval(this.#timer)
  }

  /** Removes what is left of a job that is not this worker's any more. */
  async cleanUp(): Promise<void> {
    const { storage } = this.#server
    await storage.run(cleanUpJob, this.#keys(), [...this.#owner(), this.#fetched], String)
  }

  /**
   * Puts it to the front of its queue, for another worker. It is Enqueued then, and not, as in .NET, Processing by a server that
   * has gone: so nothing that this worker sent before can take it for its own.
   */
  async putBack(at: number): Promise<void> {
    const { id, owner, queue } = this
    const { outcome } = await changeState(this.#server.storage, {
      id,
      at,
      owner,
      from: ['Processing'],
      steps: (enqueuedAt) => [{ name: 'Enqueued', enqueuedAt, queue, reason: PUT_BACK }],
      queue,
      toFront: true,
      acknowledge: queue,
      // Where this server waits for the lock no longer, a watcher puts the job back.
      whenLocked: this.abandoned.isOver ? 'skip' : 'wait',
    })
    if (outcome !== 'changed' && outcome !== 'locked') await this.cleanUp()
  }

  async #look(): Promise<void> {
    if (this.#isLooking) return
    this.#isLooking = true
    const { storage, dialect, times, publish } = this.#server
    try {
      const startedAt = performance.now()
      const slides = startedAt - this.#slidAt >= times.slideMs
      const now = encodeDate(Math.floor(await storage.now()), dialect.dates)
      const reply = await storage.run(
        keepJob,
        this.#keys(),
        [...this.#owner(), now, slides ? '1' : '0'],
        decodeKeep,
      )
      if (reply.isMine) {
        this.#fetched = reply.fetched
        if (slides) this.#slidAt = startedAt
      } else this.lose(reply.state)
    } catch (error) {
      // It is looked at again soon; until then it counts as ours.
      publish({ type: 'troubled', doing: `keeping job ${this.id}`, error })
    } finally {
      this.#isLooking = false
    }
  }

  #keys(): [job: string, state: string, dequeued: string] {
    const { keys } = this.#server.storage
    return [keys.job(this.id), keys.jobState(this.id), keys.dequeued(this.queue)]
  }

  #owner(): [id: string, serverId: string, workerId: string] {
    return [this.id, this.owner.serverId, this.owner.workerId]
  }
}
