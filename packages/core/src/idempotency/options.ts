import { checkDuration, checkFunction, checkInteger, checkOneOf, checkSynchronous } from '../check.ts'
import { InvalidArgumentError } from '../errors.ts'
import { type Codec, jsonCodec } from '../support/codec.ts'
import { checkObject, optionNames, refuseUnknown } from '../option-names.ts'
import type { BeginPolicy } from './decide.ts'
import type { FailureOptions } from './execution-context.ts'
import type { ExecutionSnapshot } from './snapshot.ts'

/**
 * How a job type is executed; each may be given per instance, per job type and per call, the nearest one counts. An
 * undefined member counts as absent.
 */
export interface ExecutionOptions {
  /**
   * What a start does while the job runs elsewhere: `reject` (default) answers at once; `wait` waits up to `waitMs`
   * and then has the result; `attach` does the same without a limit of its own and reports to `onProgress`. When the
   * job fails meanwhile, one of those who wait starts it again: see `maxAttempts`.
   */
  readonly onInProgress?: 'reject' | 'wait' | 'attach' | undefined
  /** What a start does within `completedWindowMs` of a completion: `replay` (default) its result, or `rerun`. */
  readonly onCompleted?: 'replay' | 'rerun' | undefined
  /** What a start does after a failure: `rerun` (default) as the next attempt, or `replay` the recorded error. */
  readonly onFailed?: 'rerun' | 'replay' | undefined
  /**
   * What a start does when the owner was silent for its whole lease: `takeOver` (default) as the next attempt, `fail`
   * records a final failure, `reject` leaves it alone.
   */
  readonly onStalled?: 'takeOver' | 'fail' | 'reject' | undefined
  /**
   * Starts of one key, failures and crashes counted, before it stays failed. Default: no limit, so that all who wait for
   * a job that always fails run it, one after the other.
   */
  readonly maxAttempts?: number | undefined
  /** How long a silent owner is waited for; renewed every third of it. Default 30,000; 1,000 and up is sensible. */
  readonly leaseMs?: number | undefined
  /** Start to close: the signal is aborted and the lease no longer renewed after it. Default 1,800,000 (30 min). */
  readonly timeoutMs?: number | undefined
  /** How long a completion turns duplicates away. Default 300,000 (5 min). */
  readonly completedWindowMs?: number | undefined
  /** How long a completed execution can be seen, at least the window. Default 3,600,000 (1 h). */
  readonly completedRetentionMs?: number | undefined
  /** How long a failed execution can be seen. Default 600,000 (10 min); at least 24 h when `maxAttempts` is set. */
  readonly failedRetentionMs?: number | undefined
  /**
   * How long `wait` waits, no longer. Default 30,000 ms, and then until the lease that is stored by then has ended: who
   * waits without saying how long outlives an owner that has died. If that lease is renewed, its owner lives, and the wait
   * is over.
   */
  readonly waitMs?: number | undefined
  /** Progress is written at most this often, the last one always. Default 250. */
  readonly progressIntervalMs?: number | undefined
  /** Encoded results above it follow `onResultTooLarge`. Default 262,144. */
  readonly maxResultBytes?: number | undefined
  /**
   * `tombstone` (default): completed, but a replay says that the result was not kept; `throw`: the execution fails,
   * finally; `reference`: `references.save` puts it elsewhere and a replay loads it from there.
   */
  readonly onResultTooLarge?: 'tombstone' | 'throw' | 'reference' | undefined
  readonly references?: ResultReferences | undefined
  /** Encoded checkpoints above it are refused: every write of the execution carries it. Default 65,536. */
  readonly maxCheckpointBytes?: number | undefined
  /**
   * What an error of a body means: `{ final: true }` is never run again, `{ retryAfterMs }` not before that. Asked
   * wherever `markFailure` is not told so itself. Default: it is run again; so too when this throws or makes no sense.
   */
  readonly classifyError?: ((error: unknown) => FailureOptions | undefined) | undefined
  /** How much of an error's stack is kept. Default 4,096; 0 keeps none. */
  readonly maxStackBytes?: number | undefined
  /** How results and checkpoints become text. Default {@link jsonCodec}. */
  readonly codec?: Codec | undefined
}

/** Where results live that are too large for the record. */
export interface ResultReferences {
  /** Stores the result and returns what to find it by. One that fails leaves the success unconfirmed. */
  save(result: unknown): Promise<string>
  load(reference: string): Promise<unknown>
}

/** What concerns one call only. */
export interface StartOptions extends ExecutionOptions {
  /**
   * What the key stands for: the same key with another fingerprint is refused. Any plain data; it is hashed. Without
   * one, or with undefined, nothing is compared: neither with what was stored, nor by those who come later.
   */
  readonly fingerprint?: unknown
  /** Ends a wait, never an execution. */
  readonly signal?: AbortSignal | undefined
  /**
   * Called with each state of the execution that this call waits for. What it throws ends the wait; a promise that it
   * returns is not waited for, and its rejection is ignored.
   */
  readonly onProgress?: ((snapshot: ExecutionSnapshot) => void) | undefined
}

/**
 * Does nothing while the job runs elsewhere: `run` then answers `skipped`, where it would throw otherwise; `begin` answers
 * `inProgress`, and `tryStartExecution` null, as ever. It is given with a call, whose caller has to expect the answer.
 */
export type SkippingOptions = Omit<StartOptions, 'onInProgress'> & { readonly onInProgress: 'skip' }

export type AnyStartOptions = StartOptions | SkippingOptions

/** The options with every default in place, checked. */
export interface ResolvedOptions extends BeginPolicy {
  readonly onInProgress: 'reject' | 'wait' | 'attach' | 'skip'
  readonly leaseMs: number
  readonly timeoutMs: number
  readonly executingTtlMs: number
  readonly completedTtlMs: number
  readonly failedTtlMs: number
  /** Undefined for the default. */
  readonly waitMs: number | undefined
  readonly progressIntervalMs: number
  readonly maxResultBytes: number
  readonly onResultTooLarge: 'tombstone' | 'throw' | 'reference'
  readonly references: ResultReferences | undefined
  readonly maxCheckpointBytes: number
  readonly classifyError: ((error: unknown) => FailureOptions | undefined) | undefined
  readonly maxStackBytes: number
  readonly codec: Codec
}

const DAY_MS = 86_400_000

/** What concerns one call and is no policy. */
const OF_ONE_CALL: ReadonlySet<string> = optionNames<Omit<StartOptions, keyof ExecutionOptions>>({
  fingerprint: true,
  signal: true,
  onProgress: true,
})

export const EXECUTION_OPTIONS: ReadonlySet<string> = optionNames<ExecutionOptions>({
  onInProgress: true,
  onCompleted: true,
  onFailed: true,
  onStalled: true,
  maxAttempts: true,
  leaseMs: true,
  timeoutMs: true,
  completedWindowMs: true,
  completedRetentionMs: true,
  failedRetentionMs: true,
  waitMs: true,
  progressIntervalMs: true,
  maxResultBytes: true,
  onResultTooLarge: true,
  references: true,
  maxCheckpointBytes: true,
  classifyError: true,
  maxStackBytes: true,
  codec: true,
})

const START_OPTIONS = optionNames<object>({}, [...EXECUTION_OPTIONS, ...OF_ONE_CALL])

/** Resolves the options of a call over `defaults`, which are checked now. An `undefined` member counts as absent. */
export function resolver(defaults: ExecutionOptions): (start: AnyStartOptions) => ResolvedOptions {
  const base = resolveOptions(withoutUndefined(defaults))
  if (base.onInProgress === 'skip') {
    throw new InvalidArgumentError(
      "onInProgress: 'skip' is given with a call, whose caller has to expect the answer.",
    )
  }
  return (start) => {
    let hasPolicy = false
    for (const name in checkObject(start)) {
      if (OF_ONE_CALL.has(name)) continue
      if (!EXECUTION_OPTIONS.has(name)) refuseUnknown(start, name, START_OPTIONS)
      hasPolicy = true
    }
    return hasPolicy ? resolveOptions({ ...defaults, ...withoutUndefined(start) }) : base
  }
}

/** An `undefined` member must not hide the default behind it. */
export function withoutUndefined<T extends object>(options: T): Partial<T> {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as Partial<T>
}

type ResolvableOptions = Omit<ExecutionOptions, 'onInProgress'> & Pick<AnyStartOptions, 'onInProgress'>

function resolveOptions(options: ResolvableOptions): ResolvedOptions {
  const {
    onInProgress = 'reject',
    onCompleted = 'replay',
    onFailed = 'rerun',
    onStalled = 'takeOver',
    maxAttempts = Infinity,
    leaseMs = 30_000,
    timeoutMs = 1_800_000,
    completedWindowMs = 300_000,
    completedRetentionMs = 3_600_000,
    failedRetentionMs = 600_000,
    waitMs,
    progressIntervalMs = 250,
    maxResultBytes = 262_144,
    onResultTooLarge = 'tombstone',
    references,
    maxCheckpointBytes = 65_536,
    classifyError,
    maxStackBytes = 4_096,
    codec = jsonCodec,
  } = options
  if (onResultTooLarge === 'reference' && references === undefined) {
    throw new InvalidArgumentError("onResultTooLarge: 'reference' needs references: { save, load }.")
  }
  checkFunction('codec.encode', codec?.encode)
  checkFunction('codec.decode', codec?.decode)
  if (references !== undefined) {
    checkFunction('references.save', references?.save)
    checkFunction('references.load', references?.load)
  }
  if (classifyError !== undefined) checkSynchronous('classifyError', classifyError)
  const lease = checkDuration('leaseMs', leaseMs, 100)
  const failedTtlMs = checkDuration('failedRetentionMs', failedRetentionMs, 1)
  const windowMs = checkDuration('completedWindowMs', completedWindowMs, 0)
  const completedTtlMs = checkDuration('completedRetentionMs', completedRetentionMs, 1)
  return {
    onInProgress: checkOneOf('onInProgress', onInProgress, ['reject', 'wait', 'attach', 'skip']),
    onCompleted: checkOneOf('onCompleted', onCompleted, ['replay', 'rerun']),
    onFailed: checkOneOf('onFailed', onFailed, ['rerun', 'replay']),
    onStalled: checkOneOf('onStalled', onStalled, ['takeOver', 'fail', 'reject']),
    maxAttempts: maxAttempts === Infinity ? Infinity : checkInteger('maxAttempts', maxAttempts, 1),
    leaseMs: lease,
    timeoutMs: checkDuration('timeoutMs', timeoutMs, 1),
    completedWindowMs: windowMs,
    // Takeover is decided by the lease, never by this: it must outlive the lease and the memory of attempts.
    executingTtlMs: Math.max(DAY_MS, 10 * lease),
    completedTtlMs: Math.max(completedTtlMs, windowMs),
    failedTtlMs: maxAttempts === Infinity ? failedTtlMs : Math.max(failedTtlMs, DAY_MS),
    waitMs: waitMs === undefined ? undefined : checkDuration('waitMs', waitMs, 0),
    progressIntervalMs: checkDuration('progressIntervalMs', progressIntervalMs, 0),
    maxResultBytes: checkInteger('maxResultBytes', maxResultBytes, 0),
    onResultTooLarge: checkOneOf('onResultTooLarge', onResultTooLarge, ['tombstone', 'throw', 'reference']),
    references,
    maxCheckpointBytes: checkInteger('maxCheckpointBytes', maxCheckpointBytes, 0),
    classifyError,
    maxStackBytes: checkInteger('maxStackBytes', maxStackBytes, 0),
    codec,
  }
}
