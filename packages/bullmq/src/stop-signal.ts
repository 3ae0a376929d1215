import { ExecutionCancelledError } from '@holdfast/core'
import type { Job } from 'bullmq'
import { JobLockLostError } from './errors.ts'
import { LOCK_LOST, watchLock } from './lock-watch.ts'
import type { Settings } from './options.ts'

/** What BullMQ says of one delivery of a job while it lasts: its lock is lost, or `worker.cancelJob` was called. */
export class StopSignal {
  readonly #controller = new AbortController()
  readonly #job: Pick<Job, 'id' | 'queueName'>
  readonly #aborts: boolean
  readonly #from: AbortSignal | undefined
  readonly #onAbort = (): void => this.#cancelled()
  readonly #unwatch: () => void
  #lockLost = false
  #isCancelled = false

  constructor(
    job: Job<unknown, unknown>,
    from: AbortSignal | undefined,
    { onLockLost }: Pick<Settings<never, never>, 'onLockLost'>,
  ) {
    this.#job = job
    this.#aborts = onLockLost === 'cancel'
    this.#from = from
    this.#unwatch = watchLock(job, () => this.#lost())
    if (from?.aborted === true) this.#cancelled()
    else from?.addEventListener('abort', this.#onAbort, { once: true })
  }

  get signal(): AbortSignal {
    return this.#controller.signal
  }

  /** The job is not this delivery's any more: nothing that it says of the job counts. */
  get lockLost(): boolean {
    return this.#lockLost
  }

  get isCancelled(): boolean {
    return this.#isCancelled
  }

  end(): void {
    this.#unwatch()
    this.#from?.removeEventListener('abort', this.#onAbort)
  }

  #cancelled(): void {
    const reason: unknown = this.#from?.reason
    if (reason === LOCK_LOST) return this.#lost()
    this.#isCancelled = true
    const { id, queueName } = this.#job
    const why = typeof reason === 'string' ? reason : `Job ${id} in ${queueName} was cancelled.`
    this.#controller.abort(new ExecutionCancelledError(why))
  }

  #lost(): void {
    this.#lockLost = true
    const { id, queueName } = this.#job
    if (this.#aborts) this.#controller.abort(new JobLockLostError(queueName, id))
  }
}
