/**
 * Every error of the family has a stable `code`, keeps its `cause`, and is recognised across copies of the
 * package: ask `HoldfastError.isInstance(error)` or compare `error.code`, never `instanceof`.
 */
const MARKER = Symbol.for('holdfast.error')

export interface HoldfastErrorOptions extends ErrorOptions {
  /** See {@link HoldfastError.publicMessage}. Default: the message. */
  readonly publicMessage?: string
}

/** The codes of all errors; `docs/reference/errors.md` says of each what it means and what to do. */
export type HoldfastErrorCode =
  | 'INVALID_ARGUMENT'
  | 'CLOSED'
  | 'STORAGE_UNAVAILABLE'
  | 'STORAGE_REFUSED'
  | 'CLIENT_CLOSED'
  | 'CLIENT_NOT_CONNECTED'
  | 'SELF_DEADLOCK'
  | 'LEASE_LOST'
  | 'LOAD_TIMEOUT'
  | 'LOCK_TIMEOUT'
  | 'LOCK_ABORTED'
  | 'NOT_REPLICATED'
  | 'EXECUTION_IN_PROGRESS'
  | 'FINGERPRINT_MISMATCH'
  | 'RESULT_NOT_STORED'
  | 'RESULT_TOO_LARGE'
  | 'CHECKPOINT_TOO_LARGE'
  | 'COMPLETION_UNCONFIRMED'
  | 'WAIT_ABORTED'
  | 'RECORD_UNREADABLE'
  | 'EXECUTION_TIMEOUT'
  | 'EXECUTION_CANCELLED'
  | 'EXECUTION_ABANDONED'
  | 'EXECUTION_RELEASED'
  | 'HTTP_FAILURE'
  | 'JOB_LOCK_LOST'
  | 'HANGFIRE_UNREADABLE'
  | 'HANGFIRE_UNSUPPORTED'
  | 'HANGFIRE_DIALECT_UNKNOWN'
  | 'HANGFIRE_JOB_MISSING'

/** The base of everything Holdfast throws. */
export class HoldfastError extends Error {
  /** A stable word for programs: switch on this, not on the message. A misspelt one does not compile. */
  readonly code: HoldfastErrorCode
  /**
   * The message for those who may not know which processes and servers there are: it names no instance and no address.
   * Put it, and not `message`, into an answer to a client.
   */
  declare readonly publicMessage: string

  constructor(code: HoldfastErrorCode, message: string, options: HoldfastErrorOptions = {}) {
    super(message, options)
    this.name = new.target.name
    this.code = code
    // Neither shows up where an error is logged with all of its members.
    Object.defineProperty(this, 'publicMessage', { value: options.publicMessage ?? message })
    Object.defineProperty(this, MARKER, { value: true })
  }

  /** True for an error of this family, whichever copy of the package made it. */
  static isInstance(error: unknown): error is HoldfastError {
    return typeof error === 'object' && error !== null && MARKER in error
  }
}

/** Whether this is an error of the family with this code. */
export function hasCode(error: unknown, code: HoldfastErrorCode): error is HoldfastError {
  return HoldfastError.isInstance(error) && error.code === code
}

/** `INVALID_ARGUMENT`: the call was refused before anything was sent; the message says what to pass instead. */
export class InvalidArgumentError extends HoldfastError {
  constructor(message: string) {
    super('INVALID_ARGUMENT', message)
  }
}

/** `CLOSED`: the instance was closed; make a new one. Also the reason of the signals of what ran then. */
export class ClosedError extends HoldfastError {
  constructor() {
    super(
      'CLOSED',
      'This Holdfast instance is closed, and has asked running work to stop: use a new instance.',
    )
  }
}

/**
 * `STORAGE_UNAVAILABLE`: the storage did not answer in time, or there is no connection to it. It never means that
 * another process holds the lock or runs the job.
 */
export class StorageUnavailableError extends HoldfastError {
  /** False: nothing was sent. True: the command may have been, or may yet be, executed. */
  readonly maybeApplied: boolean
  /** True: a removal from the cache, which this process sends again before it reads the cache the next time. */
  readonly queued: boolean

  constructor(
    message: string,
    options: ErrorOptions & { readonly maybeApplied: boolean; readonly queued?: boolean },
  ) {
    super('STORAGE_UNAVAILABLE', message, { ...options, publicMessage: 'The storage is not available.' })
    this.maybeApplied = options.maybeApplied
    this.queued = options.queued ?? false
  }
}

export function isUnavailable(error: unknown): error is StorageUnavailableError {
  return hasCode(error, 'STORAGE_UNAVAILABLE')
}

/** `STORAGE_REFUSED`: the storage answered with an error (rights, memory, wrong type); `cause` is its own error. */
export class StorageRefusedError extends HoldfastError {
  constructor(message: string, options?: ErrorOptions) {
    super('STORAGE_REFUSED', message, { ...options, publicMessage: 'The storage refused the call.' })
  }
}

/** `LEASE_LOST`: this process no longer owns the lease, so its write was refused or must not be made. */
export class LeaseLostError extends HoldfastError {
  constructor(message: string, options?: HoldfastErrorOptions) {
    super('LEASE_LOST', message, options)
  }
}

/** `SELF_DEADLOCK`: inside `run`, the caller would wait for something that it holds itself. */
export class SelfDeadlockError extends HoldfastError {
  constructor(message: string) {
    super('SELF_DEADLOCK', message)
  }
}

/** `WAIT_ABORTED`: the caller's signal ended a wait; `cause` is its reason. */
export class WaitAbortedError extends HoldfastError {
  constructor(what: string, options: ErrorOptions) {
    super('WAIT_ABORTED', `Waiting for ${what} was aborted.`, options)
  }
}
