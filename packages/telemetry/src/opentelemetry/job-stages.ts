import type { Span } from '@opentelemetry/api'

/** How long each stage of a call took that starts a job; instants are milliseconds on a monotonic clock. */
export class JobStages {
  readonly #calledAt: number
  #waitedMs = 0
  #startedAt: number | undefined
  #bodyFrom: number | undefined
  #bodyTo: number | undefined

  constructor(now: number) {
    this.#calledAt = now
  }

  waited(ms: number): void {
    this.#waitedMs += ms
  }

  started(now: number): void {
    this.#startedAt = now
  }

  bodyBegan(now: number): void {
    this.#bodyFrom = now
  }

  bodyEnded(now: number): void {
    this.#bodyTo = now
  }

  /**
   * `wait`: for an execution elsewhere; `claim`: until the storage had the start; `body`: of the body, or from the start to
   * the end where the caller ends the execution itself; `record`: until the storage had the end. In seconds.
   */
  show(span: Span, endedAt: number): void {
    const show = (stage: string, ms: number): void => {
      span.setAttribute(`holdfast.job.stage.${stage}`, Math.max(0, ms) / 1_000)
    }
    show('wait', this.#waitedMs)
    if (this.#startedAt === undefined) return
    show('claim', this.#startedAt - this.#calledAt - this.#waitedMs)
    const bodyTo = this.#bodyTo ?? endedAt
    show('body', bodyTo - (this.#bodyFrom ?? this.#startedAt))
    if (this.#bodyTo !== undefined) show('record', endedAt - this.#bodyTo)
  }
}
