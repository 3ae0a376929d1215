import { type Codec, jsonCodec } from '../support/codec.ts'
import { InvalidArgumentError } from '../errors.ts'
import { checkFunction, checkOneOf, checkSignal, checkSynchronous } from '../support/checks.ts'
import {
  type OptionTable,
  type Resolved,
  anything,
  duration,
  integer,
  oneOf,
  resolveOptions,
  withMethods,
} from '../support/option-table.ts'
import type { FailureOptions } from './execution-context.ts'
import type { ExecutionSnapshot } from './record.ts'
import type { TraceContextHooks } from './trace-context.ts'

/**
 * How a job type is executed; each may be given per instance, per job type and per call, the nearest one counts. An
 * undefined member counts as absent.
 */
export interface ExecutionOptions {
  /**
   * What a start does while the job runs elsewhere: `reject` answers at once; `wait` waits up to `waitMs` and then has
   * the result. When the job fails meanwhile, one of the waiting callers starts it again: see `maxAttempts`. `skip` is for
   * one call only: `run` answers `{ status: 'skipped', snapshot }` at once.
   * @default 'reject'
   */
  readonly onInProgress?: 'reject' | 'wait' | undefined
  /**
   * What a start does within `completedWindowMs` of a completion: `replay` its result, or `rerun`.
   * @default 'replay'
   */
  readonly onCompleted?: 'replay' | 'rerun' | undefined
  /**
   * What a start does after a failure: `rerun` as the next attempt, or `replay` the recorded error.
   * @default 'rerun'
   */
  readonly onFailed?: 'rerun' | 'replay' | undefined
  /**
   * What a start does when the owner was silent for its whole lease: `takeOver` as the next attempt, `fail` records a
   * final failure, `reject` leaves it alone.
   * @default 'takeOver'
   */
  readonly onStalled?: 'takeOver' | 'fail' | 'reject' | undefined
  /**
   * Starts of one key, failures and crashes counted, before it stays failed. Without a limit, every caller that waits for
   * a job that always fails runs it, one after the other.
   * @default Infinity
   */
  readonly maxAttempts?: number | undefined
  /**
   * How long a silent owner keeps the job before another process takes it over; a living owner renews every third of it.
   * 100 and up; 1,000 and up is sensible.
   * @default 30_000
   */
  readonly leaseMs?: number | undefined
  /**
   * Start to close: after it the signal is aborted and the lease is no longer renewed.
   * @default 1_800_000
   */
  readonly timeoutMs?: number | undefined
  /**
   * How long a completion turns duplicates away.
   * @default 300_000
   */
  readonly completedWindowMs?: number | undefined
  /**
   * How long a completed execution can be seen; never less than `completedWindowMs`.
   * @default 3_600_000
   */
  readonly completedRetentionMs?: number | undefined
  /**
   * How long a failed execution can be seen; never less than 24 h when `maxAttempts` is set.
   * @default 600_000
   */
  readonly failedRetentionMs?: number | undefined
  /**
   * How long `onInProgress: 'wait'` waits; `Infinity` waits as long as it takes. A `waitMs` that you pass is an exact
   * limit. By default a wait behind a living owner ends at the owner's next renewal after 30 s, with
   * `ExecutionInProgressError`: after 30 to about 40 s with a lease of 30 s. A wait behind an owner that has died goes
   * on until the lease has ended, and takes the job over.
   * @default 30 s, and the rest of the lease behind an owner that may have died
   */
  readonly waitMs?: number | undefined
  /**
   * Progress is written at most this often, the last one always.
   * @default 250
   */
  readonly progressIntervalMs?: number | undefined
  /**
   * Encoded results above it follow `onResultTooLarge`.
   * @default 262_144
   */
  readonly maxResultBytes?: number | undefined
  /**
   * `tombstone`: completed, but a replay says that the result was not kept; `throw`: the execution fails, finally;
   * `reference`: `references.save` puts it elsewhere and a replay loads it from there.
   * @default 'tombstone'
   */
  readonly onResultTooLarge?: 'tombstone' | 'throw' | 'reference' | undefined
  /** Saves and loads the results of `onResultTooLarge: 'reference'`. */
  readonly references?: ResultReferences | undefined
  /**
   * Encoded checkpoints above it are refused: every write of the execution carries the checkpoint.
   * @default 65_536
   */
  readonly maxCheckpointBytes?: number | undefined
  /**
   * What an error of a body means: `{ final: true }` is never run again, `{ retryAfterMs }` not before that. Asked unless
   * `markFailure` says so itself. Without it, or when it throws or makes no sense, the job is run again.
   */
  readonly classifyError?: ((error: unknown) => FailureOptions | undefined) | undefined
  /**
   * How much of an error's stack is kept; 0 keeps none.
   * @default 4_096
   */
  readonly maxStackBytes?: number | undefined
  /**
   * How results and checkpoints become text.
   * @default jsonCodec
   */
  readonly codec?: Codec | undefined
  /** Stores a tracer's context with executions, for the attempt after them: `@holdfast/telemetry/opentelemetry` has such hooks. */
  readonly traceContext?: TraceContextHooks | undefined
}

/** Where results live that are too large for the record. */
export interface ResultReferences {
  /** Stores the result and returns what to find it by. If it fails, the success stays unconfirmed. */
  save(result: unknown): Promise<string>
  load(reference: string): Promise<unknown>
}

/** What concerns one call only. */
interface CallOptions {
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

/** What a call may add to the policies. */
export interface StartOptions extends ExecutionOptions, CallOptions {}

/**
 * Does nothing while the job runs elsewhere: `run` then answers `skipped`, where it would throw otherwise; `begin` answers
 * `inProgress`, and `tryStartExecution` null, as ever. It is given with a call, whose caller has to expect the answer.
 */
export type SkippingOptions = Omit<StartOptions, 'onInProgress'> & { readonly onInProgress: 'skip' }

export type AnyStartOptions = StartOptions | SkippingOptions

/** The policies that have no default. */
export type OpenPolicies = 'waitMs' | 'references' | 'classifyError' | 'traceContext'

/** The table that checks `ExecutionOptions`. `npm run docs:examples` reads it, too. */
export const EXECUTION: OptionTable<ExecutionOptions, OpenPolicies> = {
  onInProgress: [checkForAllCalls, 'reject'],
  onCompleted: [oneOf('replay', 'rerun'), 'replay'],
  onFailed: [oneOf('rerun', 'replay'), 'rerun'],
  onStalled: [oneOf('takeOver', 'fail', 'reject'), 'takeOver'],
  maxAttempts: [integer(1, Infinity), Infinity],
  leaseMs: [duration(100), 30_000],
  timeoutMs: [duration(1), 1_800_000],
  completedWindowMs: [duration(0), 300_000],
  completedRetentionMs: [duration(1), 3_600_000],
  failedRetentionMs: [duration(1), 600_000],
  waitMs: [duration(0, Infinity), undefined],
  progressIntervalMs: [duration(0), 250],
  maxResultBytes: [integer(0), 262_144],
  onResultTooLarge: [oneOf('tombstone', 'throw', 'reference'), 'tombstone'],
  references: [withMethods('save', 'load'), undefined],
  maxCheckpointBytes: [integer(0), 65_536],
  classifyError: [checkSynchronous, undefined],
  maxStackBytes: [integer(0), 4_096],
  codec: [withMethods('encode', 'decode'), jsonCodec],
  traceContext: [withMethods('inject', 'extract'), undefined],
}

type Given = Omit<StartOptions, 'onInProgress'> & Pick<AnyStartOptions, 'onInProgress'>

/** Of a call to a defined job, which has its own fingerprint. */
export const JOB_START: OptionTable<Omit<Given, 'fingerprint'>, OpenPolicies | 'signal' | 'onProgress'> = {
  ...EXECUTION,
  onInProgress: [oneOf('reject', 'wait', 'skip'), 'reject'],
  signal: [checkSignal, undefined],
  onProgress: [checkFunction, undefined],
}

const START: OptionTable<Given, OpenPolicies | keyof CallOptions> = {
  ...JOB_START,
  fingerprint: [anything, undefined],
}

/** The policies of an instance or of a job type, with every default in place. */
export type Policies = Resolved<ExecutionOptions, OpenPolicies>

/** The options of a call with every default in place, checked. */
export type ResolvedOptions = Resolved<Given, OpenPolicies | keyof CallOptions>

/** Of a call that gives none. */
export const NO_OPTIONS: StartOptions = {}

/** Resolves the options of a call over `policies`. */
export function resolver(policies: Policies): (start: AnyStartOptions) => ResolvedOptions {
  const base = checkReferences({
    ...policies,
    fingerprint: undefined,
    signal: undefined,
    onProgress: undefined,
  })
  return (start) => (start === NO_OPTIONS ? base : checkReferences(resolveOptions(START, start, base)))
}

function checkReferences(options: ResolvedOptions): ResolvedOptions {
  if (options.onResultTooLarge === 'reference' && options.references === undefined) {
    throw new InvalidArgumentError("onResultTooLarge: 'reference' needs references: { save, load }.")
  }
  return options
}

/** `skip` is for one call, whose caller has to expect the answer. */
function checkForAllCalls(name: string, value: 'reject' | 'wait'): 'reject' | 'wait' {
  if ((value as string) !== 'skip') return checkOneOf(name, value, ['reject', 'wait'])
  throw new InvalidArgumentError(`${name}: 'skip' belongs to a call.`)
}
