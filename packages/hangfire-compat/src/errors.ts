import { HoldfastError } from '@holdfast/core'

/**
 * `HANGFIRE_UNREADABLE`: stored data does not follow Hangfire's format. Holdfast changed nothing: the text in Redis is as it
 * was. Look at `stored`, and at the program that wrote it.
 */
export class HangfireUnreadableError extends HoldfastError {
  /**
   * The stored text, as it is; undefined when it is missing. Not listed where an error is logged with all of its members: it
   * may hold user data.
   */
  declare readonly stored: string | undefined

  /** `what` names the part, such as `argument 2 of Acme.Jobs.Run`; `wanted` what Hangfire would have written. */
  constructor(what: string, stored: string | undefined, wanted: string) {
    const fault = stored === undefined ? 'is missing' : `is ${shorten(stored)}`
    super(
      'HANGFIRE_UNREADABLE',
      `${what} ${fault}; it must be ${wanted}. Nothing was changed: find the program that wrote it.`,
      {
        publicMessage: `${what} is unreadable.`,
      },
    )
    Object.defineProperty(this, 'stored', { value: stored })
  }
}

/**
 * `HANGFIRE_UNSUPPORTED`: the data is well-formed, but of a feature or version that this package does not know. It is left
 * byte for byte; the message says what to do instead.
 */
export class HangfireUnsupportedError extends HoldfastError {
  constructor(message: string) {
    super('HANGFIRE_UNSUPPORTED', message)
  }
}

/**
 * `HANGFIRE_DIALECT_UNKNOWN`: the prefix does not show how its .NET servers write dates or type names. Nothing was written.
 * Pass the dialect.
 */
export class HangfireDialectError extends HoldfastError {
  constructor(message: string) {
    super('HANGFIRE_DIALECT_UNKNOWN', message)
  }
}

/** `HANGFIRE_JOB_MISSING`: Redis does not have the job that another one was to wait for (any more). Nothing was written. */
export class HangfireJobMissingError extends HoldfastError {
  readonly jobId: string

  constructor(jobId: string) {
    super('HANGFIRE_JOB_MISSING', `Redis has no job ${JSON.stringify(jobId)}; nothing was written.`)
    this.jobId = jobId
  }
}

function shorten(stored: string): string {
  const text = JSON.stringify(stored)
  return text.length > 80 ? `${text.slice(0, 80)}…` : text
}
