import { recordedFailureOf } from '@holdfast/core'

/** When a job may run again that has failed with this error: an error of the model may say so, also one that was recorded. */
export function retryAfterOf(error: unknown): { readonly retryAfterMs: number } | undefined {
  const recorded = recordedFailureOf(error)
  const ms =
    recorded?.retryAfterMs ?? (error as { readonly retryAfterMs?: unknown } | undefined)?.retryAfterMs
  return typeof ms === 'number' ? { retryAfterMs: ms } : undefined
}
