/** The model asks for more patience than a review has. The job may run again after that time. */
export class ModelBusyError extends Error {
  readonly code = 'MODEL_BUSY'
  readonly retryAfterMs: number

  constructor(why: string, retryAfterMs: number) {
    super(`${why} Start the review again in ${Math.ceil(retryAfterMs / 1_000)} s.`)
    this.retryAfterMs = retryAfterMs
  }
}

/** The request was sent, and its answer did not come, or not all of it: it counts as paid for. */
export class AnswerLostError extends Error {
  readonly code = 'MODEL_ANSWER_LOST'
  /** Soon enough: the next call costs again, so it need not be soon. */
  readonly retryAfterMs = 1_000
}

/** Asking the same again does not help: a wrong key, an unknown model, a request that the API does not take. */
export class ModelRefusedError extends Error {
  readonly code = 'MODEL_REFUSED'
}

/** It has answered that it is busy, or out of order for now; nothing is paid. */
export class ModelAwayError extends Error {
  readonly code = 'MODEL_AWAY'
  /** What it asks for; undefined: it does not say. */
  readonly askedMs: number | undefined

  constructor(message: string, askedMs: number | undefined) {
    super(message)
    this.askedMs = askedMs
  }
}
