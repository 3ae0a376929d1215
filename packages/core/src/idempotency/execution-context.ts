/** The running execution, as its body sees it. Every write is refused once another attempt owns the key. */
export interface ExecutionContext extends AsyncDisposable {
  readonly executionId: string
  readonly jobType: string
  readonly jobKey: string
  /** Storage's clock. */
  readonly startTime: Date
  /** 1 for the first start of this key. */
  readonly attempt: number
  /** Grows with every start of this key: hand it to what you write to, and let that refuse smaller ones. */
  readonly fencingToken: number
  /**
   * Aborted when the lease is lost (also when the storage cannot be reached until the lease may be over), on
   * `requestCancel`, on the timeout and on shutdown; `signal.reason` is the error that says which. It may be aborted
   * when the body begins: a request to cancel an earlier attempt, which did not live to stop, is still open.
   */
  readonly signal: AbortSignal
  /** The value that the last attempt saved, or this one since; undefined when none was. Throws what the codec throws. */
  readonly checkpoint: unknown
  /**
   * Shows progress to all observers: 0 to 100 and a message, which is cut to 1,024 bytes. Coalesced to one write per
   * `progressIntervalMs`; the last one is always written, with the end of the execution at the latest. A smaller
   * percentage than before counts as the one before unless `allowDecrease` is set. It need not be awaited, and a storage
   * that is down or refuses does not reject it. @throws ExecutionLostError, ExecutionTimeoutError
   */
  updateProgress(percentage: number, message?: string, options?: ProgressOptions): Promise<void>
  /**
   * Stores the value that the next attempt starts from, should this one fail. Every later write of the execution,
   * renewals and progress included, carries it along: store larger state elsewhere, and a reference to it here.
   * @throws ExecutionLostError, StorageUnavailableError, what the codec throws, and CheckpointTooLargeError for one of
   * more than `maxCheckpointBytes` (64 KiB): nothing is sent then, and the checkpoint before it stays
   */
  saveCheckpoint(value: unknown): Promise<void>
  /** Adds to the overall timeout. @throws ExecutionLostError, ExecutionTimeoutError, StorageUnavailableError */
  extendTimeout(additionalMs: number): Promise<void>
  /**
   * Records the result; duplicates replay it. In an outage it may take until the lease is over (`callTimeoutMs` at
   * least), because nothing else can bring the result back. An execution that may have lost its lease tries it too: the
   * state of another execution is never overwritten. @throws ExecutionLostError, ResultTooLargeError, and
   * CompletionUnconfirmedError when the storage did not confirm it: the success may be recorded or not, the execution is
   * left to its lease, and this may be called again.
   */
  markSuccess(result?: unknown, options?: SuccessOptions): Promise<void>
  /**
   * Records the failure, or gives up within `callTimeoutMs` (and a sixth of the lease when a renewal is in flight);
   * the execution still runs then, and this may be called again. A success that was not confirmed does not become a
   * failure: that throws CompletionUnconfirmedError again. @throws ExecutionLostError, StorageUnavailableError
   */
  markFailure(error: unknown, options?: FailureOptions): Promise<void>
  /**
   * Releases the key unfinished; the next start is the same attempt, with the checkpoint. Takes as long as
   * `markFailure` at most. @throws ExecutionLostError, StorageUnavailableError
   */
  release(options?: ReleaseOptions): Promise<void>
  /**
   * Ends an execution that was not ended: as failed (`EXECUTION_ABANDONED`), or as released when the instance is being
   * closed. Takes as long as `markFailure` at most; an end that could not be recorded is left to the lease. Never throws.
   */
  [Symbol.asyncDispose](): Promise<void>
}

export interface ProgressOptions {
  /**
   * Show a smaller percentage than before.
   * @default false
   */
  readonly allowDecrease?: boolean | undefined
}

export interface SuccessOptions {
  /** The result cannot be kept (it is a stream): a replay says so instead of running the job again. */
  readonly omitted?: 'stream' | undefined
}

export interface FailureOptions {
  /**
   * The job is not run again while the failure is kept.
   * @default false
   */
  readonly final?: boolean | undefined
  /**
   * The job is not run again for so many milliseconds.
   * @default 0
   */
  readonly retryAfterMs?: number | undefined
}

export interface ReleaseOptions {
  /**
   * The work never began, so the key is free again: nothing is left of a first attempt, and the next start may have
   * other input.
   * @default false
   */
  readonly unbind?: boolean | undefined
}

export type Body<R> = (execution: ExecutionContext) => R | Promise<R>
