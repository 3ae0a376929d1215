import { type ExecutionContext, HoldfastError } from '@holdfast/core'
import { type Recorded, publish, withError } from './events.ts'
import type { ResolvedHttpOptions } from './options.ts'
import type { Verdict } from './replay-policy.ts'
import { type CapturedResponse, type HttpResponseHeaders, isUnanswered, storedResponse } from './response.ts'

/** The execution as a handler sees it; its end is the answer, which is recorded by itself. */
export type HttpExecution = Omit<
  ExecutionContext,
  'markSuccess' | 'markFailure' | 'release' | typeof Symbol.asyncDispose
>

/**
 * A request whose handler runs, once. The adapter ends it with exactly one of `complete`, `fail` and `release`; the
 * first call counts, later ones resolve with its outcome. None of them rejects, and none depends on the client's
 * still being there.
 */
export interface HttpExchange {
  /** The client's key as it was parsed. */
  readonly key: string
  readonly execution: HttpExecution
  /** To be set on the handler's answer; empty unless `statusHeader` is on. */
  readonly headers: HttpResponseHeaders
  /** Whether one of the three was called. */
  readonly ended: boolean
  /** Whether `complete` with this answer stores it, or that it was given; it frees the key otherwise. */
  keeps(response: CapturedResponse): boolean
  /**
   * The handler has answered. Resolves when the outcome is recorded, or after `recordWaitMs` without: send the answer
   * then, no matter what it was (`unconfirmed` is recorded later).
   */
  complete(response: CapturedResponse): Promise<Recorded>
  /** The handler failed and nothing answers for it: it may run again as the next attempt. */
  fail(error: unknown): Promise<Recorded>
  /** The handler never began (a pipe or a late guard refused): the key is neither used up nor bound to this payload. */
  release(): Promise<Recorded>
  /** The execution is over without an end (`timeoutMs`, a lost lease): nothing waits for one any more. */
  abandon(): void
}

/** How long recording is tried after the handler has answered. */
const RECORDING_MS = 60_000
const RETRY_MS = 100

interface Ending {
  readonly recorded: Recorded
  readonly status: number | null
  readonly error?: unknown
  readonly write: () => Promise<void>
}

type Outcome = Pick<Ending, 'recorded' | 'error'>

/** An answer that is not recorded by then is reported as unconfirmed. */
const REPORT_MS = 2_000

export class Exchange implements HttpExchange {
  readonly key: string
  readonly execution: ExecutionContext
  readonly headers: HttpResponseHeaders
  /** Resolves when nothing is written for this exchange any more. */
  readonly settled: Promise<void>
  readonly #options: ResolvedHttpOptions<never>
  #settle: () => void = () => undefined
  #outcome: Promise<Recorded> | undefined

  constructor(key: string, execution: ExecutionContext, options: ResolvedHttpOptions<never>) {
    this.key = key
    this.execution = execution
    this.headers = options.statusHeader ? { 'idempotency-status': 'created' } : {}
    this.#options = options
    this.settled = new Promise((resolve) => (this.#settle = resolve))
  }

  get ended(): boolean {
    return this.#outcome !== undefined
  }

  keeps(response: CapturedResponse): boolean {
    return this.#verdict(response) === 'store'
  }

  complete(response: CapturedResponse): Promise<Recorded> {
    const { error } = response
    const status = isUnanswered(response.body) ? null : response.status
    switch (this.#verdict(response)) {
      case 'store': {
        const stored = storedResponse(response, this.#options.keptHeaders, this.#options.maxResponseBytes)
        const recorded = 'omitted' in stored ? 'tombstone' : 'stored'
        return this.#end({ recorded, status, error, write: () => this.execution.markSuccess(stored) })
      }
      case 'fail':
        return this.#fail(error ?? new HttpFailureError(response.status), status)
      case 'release':
        return this.#end({ recorded: 'released', status, error, write: () => this.#unbind() })
    }
  }

  fail(error: unknown): Promise<Recorded> {
    return this.#fail(error, null)
  }

  release(): Promise<Recorded> {
    return this.#end({ recorded: 'released', status: null, write: () => this.#unbind() })
  }

  abandon(): void {
    this.#settle()
  }

  #verdict({ status, body, error }: CapturedResponse): Verdict {
    // A success without an answer has no status to be judged by; to free its key would be to do it again.
    if (error === undefined && isUnanswered(body)) return 'store'
    return this.#options.judge({ status, threw: error !== undefined })
  }

  #unbind(): Promise<void> {
    return this.execution.release({ unbind: true })
  }

  #fail(error: unknown, status: number | null): Promise<Recorded> {
    // Interrupted by our own shutdown: that is no attempt that failed. A failure may be tried again, no matter what the jobs
    // of the same instance make of errors (`classifyError`): for requests that is for `replay` to say.
    return isClosed(this.execution.signal.reason)
      ? this.#end({ recorded: 'released', status, error, write: () => this.execution.release() })
      : this.#end({ recorded: 'failed', status, error, write: () => this.execution.markFailure(error, {}) })
  }

  #end(ending: Ending): Promise<Recorded> {
    return (this.#outcome ??= this.#record(ending))
  }

  /** Resolves when it is recorded, or after `recordWaitMs`; recording goes on until it is confirmed or hopeless. */
  #record(ending: Ending): Promise<Recorded> {
    const { recordWaitMs } = this.#options
    const recording = this.#write(ending)
    void recording.then(this.#settle)
    const report = this.#within(Math.max(recordWaitMs, REPORT_MS), recording).then((known) => {
      this.#publish(ending, known)
      return known
    })
    const answered = recordWaitMs >= REPORT_MS ? report : this.#within(recordWaitMs, report)
    return answered.then(({ recorded }) => recorded)
  }

  #within(ms: number, outcome: Promise<Outcome>): Promise<Outcome> {
    return new Promise((resolve) => {
      const timer = this.#options.runtime.setTimer(ms, () => resolve({ recorded: 'unconfirmed' }))
      void outcome.then((known) => {
        timer.cancel()
        resolve(known)
      })
    })
  }

  async #write({ recorded, error, write }: Ending): Promise<Outcome> {
    const { runtime } = this.#options
    const giveUpAt = runtime.monotonicNow() + RECORDING_MS
    for (;;) {
      try {
        await write()
        return { recorded, error }
      } catch (cause) {
        if (codeOf(cause) === 'LEASE_LOST') return { recorded: 'lost', error: cause }
        if (!mayPass(cause) || runtime.monotonicNow() >= giveUpAt)
          return { recorded: 'unconfirmed', error: cause }
      }
      await new Promise<void>((resolve) => void runtime.setTimer(RETRY_MS, resolve))
    }
  }

  #publish({ status }: Ending, { recorded, error }: Outcome): void {
    const { jobType, jobKey, executionId, attempt } = this.execution
    publish(() => ({
      type: 'executed',
      jobType,
      jobKey,
      executionId,
      attempt,
      status,
      recorded,
      ...withError(error),
    }))
  }
}

/** `HTTP_FAILURE`: what is recorded of an answer that the policy counts as a failure. */
export class HttpFailureError extends HoldfastError {
  constructor(status: number) {
    super('HTTP_FAILURE', `The handler answered ${status}.`)
  }
}

function mayPass(error: unknown): boolean {
  const code = codeOf(error)
  return code === 'COMPLETION_UNCONFIRMED' || code === 'STORAGE_UNAVAILABLE' || code === 'STORAGE_REFUSED'
}

function isClosed(error: unknown): boolean {
  return codeOf(error) === 'CLOSED'
}

function codeOf(error: unknown): string | undefined {
  return HoldfastError.isInstance(error) ? error.code : undefined
}
