import type { ExecutionContext } from '@holdfast/core'
import type { Job, JobProgress } from 'bullmq'

/** What the work shows of itself goes to the job and to the execution, whichever of both it was shown on. */
export class SharedProgress {
  readonly #job: Pick<Job, 'updateProgress'>
  readonly #execution: Pick<ExecutionContext, 'updateProgress'>
  readonly #signal: AbortSignal
  #next: JobProgress | undefined
  #writing: Promise<void> | undefined

  /** Nothing is shown on the job once `signal` is aborted: another delivery shows its own. */
  constructor(
    job: Pick<Job, 'updateProgress'>,
    execution: Pick<ExecutionContext, 'updateProgress'>,
    signal: AbortSignal,
  ) {
    this.#job = job
    this.#execution = execution
    this.#signal = signal
  }

  /** Shown on the execution. One write to the job at a time; what was shown meanwhile follows, the last one always. */
  async shown(...shown: Parameters<ExecutionContext['updateProgress']>): Promise<void> {
    const [percentage, message] = shown
    const stored = this.#execution.updateProgress(...shown)
    this.#next = message === undefined ? percentage : { percentage, message }
    this.#writing ??= this.#write()
    await stored
  }

  /** Shown on the job: a number from 0 to 100, `{ percentage, message }`, or anything else, which is the job's alone. */
  async shownOnJob(progress: JobProgress): Promise<void> {
    const known = progressIn(progress)
    // The execution's signal says it when the execution is lost.
    if (known !== undefined) this.#execution.updateProgress(...known).catch(() => undefined)
    await this.#writing
    await this.#job.updateProgress(progress)
  }

  /** Before the job ends: what comes after its end would look as if it went on. */
  async flush(): Promise<void> {
    await this.#writing
  }

  async #write(): Promise<void> {
    try {
      while (this.#next !== undefined && !this.#signal.aborted) {
        const progress = this.#next
        this.#next = undefined
        await this.#job.updateProgress(progress)
      }
    } catch {
      // The progress of a job that is gone, or of a queue that cannot be reached, fails no work.
    } finally {
      this.#writing = undefined
    }
  }
}

/** The job as the work gets it. */
export function withSharedProgress<J extends object>(job: J, progress: SharedProgress): J {
  const updateProgress = (value: JobProgress): Promise<void> => progress.shownOnJob(value)
  return new Proxy(job, {
    get: (target, name) => (name === 'updateProgress' ? updateProgress : Reflect.get(target, name, target)),
  })
}

function progressIn(progress: JobProgress): [percentage: number, message?: string] | undefined {
  if (isPercentage(progress)) return [progress]
  if (typeof progress !== 'object' || progress === null) return undefined
  const { percentage, message } = progress as { readonly percentage?: unknown; readonly message?: unknown }
  if (!isPercentage(percentage)) return undefined
  return typeof message === 'string' ? [percentage, message] : [percentage]
}

function isPercentage(value: unknown): value is number {
  return typeof value === 'number' && value >= 0 && value <= 100
}
