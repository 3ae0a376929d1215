import { type ExecutionOptions, type Idempotency, InvalidArgumentError } from '@holdfast/core'
import {
  EXECUTION_OPTIONS,
  type OptionTable,
  type Resolved,
  checkFunction,
  checkOneOf,
  duration,
  oneOf,
  resolveOptions,
} from '@holdfast/core/storage'
import type { Job } from 'bullmq'

/** How a processor does its work once. `undefined` members count as absent. */
export interface WithIdempotencyOptions<Data = unknown, Name extends string = string> extends Pick<
  ExecutionOptions,
  Passed
> {
  /** `holdfast.idempotency`. All workers of the queue share its storage and its `prefix`. */
  readonly idempotency: Idempotency
  /**
   * What makes two deliveries the same work. `'job'`: it is the same job, or the same slot of a job scheduler. `'data'`: the
   * job's data are equal. A function returns the key that the business has for the work, such as the number of the order.
   * @default 'job'
   */
  readonly key?: 'job' | 'data' | ((job: Job<Data, unknown, Name>) => string) | undefined
  /**
   * Within what the key counts, as a text or a function of the job. Jobs of several queues share their work when they share
   * it.
   * @default `queue:name` of the job
   */
  readonly jobType?: string | ((job: Job<Data, unknown, Name>) => string) | undefined
  /**
   * What the key stands for: a job with the same key and another fingerprint fails for good (`FINGERPRINT_MISMATCH`).
   * `(job) => job.data` compares the data. Without it nothing is compared.
   */
  readonly fingerprint?: ((job: Job<Data, unknown, Name>) => unknown) | undefined
  /**
   * How long a job waits in its worker for the same work that runs elsewhere, and then has its result. After it the job goes
   * back to the queue, and the worker is free. 0 does not wait.
   * @default 1_000
   */
  readonly waitMs?: number | undefined
  /**
   * The longest delay of a job whose work runs elsewhere. It is the rest of the owner's lease otherwise.
   * @default 30_000
   */
  readonly maxDelayMs?: number | undefined
  /**
   * The delay of a job whose work could not begin: the storage is not available, or this Holdfast is closed.
   * @default 2_000
   */
  readonly outageDelayMs?: number | undefined
  /**
   * What happens to the work when BullMQ's lock of the job is lost and our lease is not: `cancel` aborts its signal, and the
   * next delivery continues it; `continue` lets it end, and the next delivery has its result.
   * @default 'cancel'
   */
  readonly onLockLost?: 'cancel' | 'continue' | undefined
  /**
   * How long work that is done is not done again. At least as long as the queue may bring the job again.
   * @default 86_400_000
   */
  readonly completedWindowMs?: number | undefined
}

type Passed =
  | 'onFailed'
  | 'onStalled'
  | 'maxAttempts'
  | 'leaseMs'
  | 'timeoutMs'
  | 'completedRetentionMs'
  | 'failedRetentionMs'
  | 'progressIntervalMs'
  | 'maxResultBytes'
  | 'onResultTooLarge'
  | 'references'
  | 'maxCheckpointBytes'
  | 'classifyError'
  | 'maxStackBytes'
  | 'codec'
  | 'traceContext'

type Open = Passed | 'fingerprint' | 'jobType'

/**
 * What core has as well is checked as core does it, and has no default here: that of the instance counts.
 * `npm run docs:examples` reads this table.
 * @public
 */
export const BULLMQ: OptionTable<WithIdempotencyOptions<never>, Open> = {
  idempotency: [checkIdempotency],
  key: [checkKey, 'job'],
  jobType: [checkJobType, undefined],
  fingerprint: [checkFunction, undefined],
  waitMs: [duration(0), 1_000],
  maxDelayMs: [duration(1), 30_000],
  outageDelayMs: [duration(1), 2_000],
  onLockLost: [oneOf('cancel', 'continue'), 'cancel'],
  completedWindowMs: [duration(0), 86_400_000],
  onFailed: [EXECUTION_OPTIONS.onFailed[0], undefined],
  onStalled: [EXECUTION_OPTIONS.onStalled[0], undefined],
  maxAttempts: [EXECUTION_OPTIONS.maxAttempts[0], undefined],
  leaseMs: [EXECUTION_OPTIONS.leaseMs[0], undefined],
  timeoutMs: [EXECUTION_OPTIONS.timeoutMs[0], undefined],
  completedRetentionMs: [EXECUTION_OPTIONS.completedRetentionMs[0], undefined],
  failedRetentionMs: [EXECUTION_OPTIONS.failedRetentionMs[0], undefined],
  progressIntervalMs: [EXECUTION_OPTIONS.progressIntervalMs[0], undefined],
  maxResultBytes: [EXECUTION_OPTIONS.maxResultBytes[0], undefined],
  onResultTooLarge: [EXECUTION_OPTIONS.onResultTooLarge[0], undefined],
  references: [EXECUTION_OPTIONS.references[0], undefined],
  maxCheckpointBytes: [EXECUTION_OPTIONS.maxCheckpointBytes[0], undefined],
  classifyError: [EXECUTION_OPTIONS.classifyError[0], undefined],
  maxStackBytes: [EXECUTION_OPTIONS.maxStackBytes[0], undefined],
  codec: [EXECUTION_OPTIONS.codec[0], undefined],
  traceContext: [EXECUTION_OPTIONS.traceContext[0], undefined],
}

/** The options with every default in place, and those of each execution apart. */
export interface Settings<Data, Name extends string> extends Pick<
  Resolved<WithIdempotencyOptions<Data, Name>, Open>,
  'idempotency' | 'key' | 'jobType' | 'fingerprint' | 'maxDelayMs' | 'outageDelayMs' | 'onLockLost'
> {
  readonly start: ExecutionOptions
}

/** @throws InvalidArgumentError that names what is wrong */
export function resolveSettings<Data, Name extends string>(
  options: WithIdempotencyOptions<Data, Name>,
): Settings<Data, Name> {
  const table = BULLMQ as unknown as OptionTable<WithIdempotencyOptions<Data, Name>, Open>
  const { idempotency, key, jobType, fingerprint, maxDelayMs, outageDelayMs, onLockLost, ...start } =
    resolveOptions(table, options)
  return {
    idempotency,
    key,
    jobType,
    fingerprint,
    maxDelayMs,
    outageDelayMs,
    onLockLost,
    start: { ...start, onInProgress: 'wait' },
  }
}

function checkIdempotency(_name: string, idempotency: Idempotency): Idempotency {
  if (typeof (idempotency as Partial<Idempotency> | null | undefined)?.begin === 'function')
    return idempotency
  throw new InvalidArgumentError('idempotency is missing: pass holdfast.idempotency.')
}

function checkKey<T>(name: string, key: T): T {
  return typeof key === 'function' ? key : (checkOneOf(name, key as string, ['job', 'data']) as T)
}

function checkJobType<T>(name: string, jobType: T): T {
  if (typeof jobType === 'function' || (typeof jobType === 'string' && jobType !== '')) return jobType
  throw new InvalidArgumentError(`${name} must be a text, or a function of the job that returns one.`)
}
