import type { JobExecution } from './job.ts'

/** Whether it is another's work now. */
export function isLost(signal: AbortSignal): boolean {
  return signal.aborted && isLoss(signal.reason)
}

function isLoss(error: unknown): boolean {
  return (error as { readonly code?: unknown } | undefined)?.code === 'LEASE_LOST'
}

/**
 * The same execution for a job that does not heed the loss of its lease, as code does that was written before its author thought of
 * it: it goes on, and comes to its next write. Every other reason to stop is heeded.
 *
 * The page needs such a job to show what fences are for. One that heeds its signal ends when it wakes up, tries no write, and
 * so none is refused.
 */
export function carelessly(execution: JobExecution): JobExecution {
  const { signal: given } = execution
  const stopping = new AbortController()
  const heed = (): void => {
    if (!isLoss(given.reason)) stopping.abort(given.reason)
  }
  if (given.aborted) heed()
  else given.addEventListener('abort', heed, { once: true })
  const tolerantly = async (report: Promise<void>): Promise<void> => {
    try {
      await report
    } catch (error) {
      if (!isLoss(error)) throw error
    }
  }
  const { executionId, attempt, fencingToken, checkpoint } = execution
  return {
    executionId,
    attempt,
    fencingToken,
    checkpoint,
    signal: stopping.signal,
    updateProgress: (percent, message) => tolerantly(execution.updateProgress(percent, message)),
    saveCheckpoint: (value) => tolerantly(execution.saveCheckpoint(value)),
    extendTimeout: (additionalMs) => tolerantly(execution.extendTimeout(additionalMs)),
  }
}
