import type { ExecutionContext } from '@holdfast/core'

/** What a handler gets beside the arguments: core's execution, and what Hangfire has beyond it. */
export interface HangfireJobContext extends ExecutionContext {
  /** Of the job in Hangfire. */
  readonly id: string
  /** How often it was retried before. */
  readonly retryCount: number
  readonly console: JobConsole
  /**
   * Core's, which also aborts when the job is no longer this worker's (deleted or requeued in the dashboard, taken by another
   * worker), when its lock is lost, and when the server stops.
   */
  readonly signal: AbortSignal
  /** Core's, which also moves the bar of the job in .NET's dashboard and writes the message to its console. */
  readonly updateProgress: ExecutionContext['updateProgress']
}

/** How a line of a job's console looks in the dashboard. */
export interface ConsoleOptions {
  /** `#rrggbb`. Default: that of the dashboard. */
  readonly color?: string | undefined
}

/** A progress bar in a job's console. */
export interface HangfireProgress {
  /** 0 to 100. */
  update(percent: number): void
}

/**
 * The console of a run, as Hangfire.Console shows it on the page of the job. What is written appears within a quarter of a
 * second, at the end of the run at the latest; while Redis cannot be reached, up to 1,000 lines wait. Nothing need be awaited.
 */
export interface JobConsole {
  writeLine(text: string, options?: ConsoleOptions): void
  /** One more bar, beside the one of `updateProgress`. */
  progressBar(name?: string, options?: ConsoleOptions): HangfireProgress
}
