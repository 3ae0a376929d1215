import type { ExecutionContext, ExecutionOptions, Idempotency, Job } from '@holdfast/core'
import {
  type Call,
  type MethodDecoratorFor,
  type SkippingDecoratorFor,
  type TextOf,
  aroundMethod,
  textFor,
} from './around-method.ts'
import { executions } from './current.ts'
import { injectedHoldfast } from './injected-holdfast.ts'

/** What `@IdempotentJob` takes. */
export interface IdempotentJobOptions<Args extends readonly unknown[] = []> extends Omit<
  ExecutionOptions,
  'onInProgress'
> {
  /** As for `run`; `skip` returns undefined, without an error, while the job runs elsewhere. */
  readonly onInProgress?: ExecutionOptions['onInProgress'] | 'skip'
  /** What the key stands for: the same key with another fingerprint is refused. Without it nothing is compared. */
  readonly fingerprint?: (this: never, ...args: Args) => unknown
  /**
   * The named instance to use.
   * @default the unnamed one
   */
  readonly holdfast?: string
}

/**
 * Runs the method once for each key, across all processes, and returns what it returned to everybody who calls it
 * again within `completedWindowMs`. `currentExecution()` is the execution: its progress, checkpoint and signal. A
 * replayed result went through the codec (JSON unless set), so it is plain data. @throws what `Idempotency.run` throws
 */
export function IdempotentJob<Args extends readonly unknown[], Compared extends readonly unknown[]>(
  jobType: string,
  key: string | TextOf<Args>,
  options: IdempotentJobOptions<Compared> & { readonly onInProgress: 'skip' },
): SkippingDecoratorFor<Args, Compared>
export function IdempotentJob<Args extends readonly unknown[], Compared extends readonly unknown[]>(
  jobType: string,
  key: string | TextOf<Args>,
  options?: IdempotentJobOptions<Compared>,
): MethodDecoratorFor<Args, Compared>
export function IdempotentJob<Args extends readonly unknown[], Compared extends readonly unknown[]>(
  jobType: string,
  key: string | TextOf<Args>,
  { holdfast, fingerprint, onInProgress, ...policies }: IdempotentJobOptions<Compared> = {},
): MethodDecoratorFor<Args, Compared> {
  return (prototype, method, descriptor) => {
    const holdfastOf = injectedHoldfast(prototype, holdfast)
    // Defined, not only run: queries of these executions then decode them with the same codec.
    const jobs = new WeakMap<Idempotency, Job<Call, unknown>>()
    const jobOf = (idempotency: Idempotency): Job<Call, unknown> => {
      const known = jobs.get(idempotency)
      if (known !== undefined) return known
      const job = idempotency.define<Call, unknown>(jobType, {
        ...policies,
        key: (call) => textFor(key, call),
        ...(fingerprint && {
          fingerprint: ({ self, args }) => Reflect.apply(fingerprint, self, args as never[]),
        }),
      })
      jobs.set(idempotency, job)
      return job
    }
    aroundMethod(method, descriptor, async (call) => {
      const job = jobOf(holdfastOf(call.self).idempotency)
      const body = (execution: ExecutionContext): Promise<unknown> =>
        executions.run(execution, () => call.proceed())
      const outcome =
        onInProgress === 'skip'
          ? await job.run(call, { onInProgress }, body)
          : await job.run(call, { onInProgress }, body)
      return outcome.status === 'skipped' ? undefined : outcome.result
    })
  }
}
