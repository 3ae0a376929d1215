import { InvalidArgumentError } from '@holdfast/core'
import { checkObject } from '@holdfast/core/storage'
import type { HangfireJobDetails } from './job-details.ts'

/** How a job is watched. */
export interface WatchOptions {
  /** Ends the watch, without an error. Default: none. */
  readonly signal?: AbortSignal | undefined
  /** How long to wait between two looks, 10 to 3,600,000 ms. Default: 1,000. */
  readonly intervalMs?: number | undefined
}

/**
 * Looks at a job until it has succeeded or is deleted, Redis has it no more, or the signal aborts, and gives each change.
 * Hangfire publishes nothing when a state changes, so this polls.
 */
export function watchJob(
  read: () => Promise<HangfireJobDetails | undefined>,
  options: WatchOptions,
): AsyncGenerator<HangfireJobDetails, void, void> {
  const { signal, intervalMs = 1_000 } = checkObject('The options', options) as WatchOptions
  if (!Number.isFinite(intervalMs) || intervalMs < 10 || intervalMs > 3_600_000)
    throw new InvalidArgumentError(`intervalMs must be from 10 to 3,600,000; got ${String(intervalMs)}.`)
  return looks(read, intervalMs, signal)
}

async function* looks(
  read: () => Promise<HangfireJobDetails | undefined>,
  intervalMs: number,
  signal: AbortSignal | undefined,
): AsyncGenerator<HangfireJobDetails, void, void> {
  let last = ''
  while (!isAborted(signal)) {
    const job = await read()
    if (job === undefined || isAborted(signal)) return
    // What only time changes is no news.
    const text = JSON.stringify({ ...job, expiresInMs: undefined }, plain)
    if (text !== last) yield job
    last = text
    if (job.state === 'Succeeded' || job.state === 'Deleted') return
    await pause(intervalMs, signal)
  }
}

/** Ends early when the signal aborts, or has: its timer is gone then. */
function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  if (isAborted(signal)) return Promise.resolve()
  return new Promise((resolve) => {
    const end = (): void => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', end)
      resolve()
    }
    const timer = setTimeout(end, ms)
    signal?.addEventListener('abort', end)
  })
}

// TypeScript would take what it saw before an await for what is now.
function isAborted(signal: AbortSignal | undefined): boolean {
  return signal?.aborted === true
}

function plain(_: string, value: unknown): unknown {
  return typeof value === 'bigint' ? `${value}n` : value
}
