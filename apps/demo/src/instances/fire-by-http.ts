import type { FireRequest } from './messages.ts'

/** Asks an instance that is a service for these starts, and resolves when each has its answer, or the instance is gone. */
export async function fireByHttp(
  port: number,
  { reviewId, jobs, at, onInProgress, onFailed, callId }: FireRequest,
  key = '',
): Promise<void> {
  const query = new URLSearchParams({ at: String(at) })
  if (onInProgress === 'wait') query.set('wait', '1')
  if (onFailed === 'replay') query.set('failed', 'replay')
  if (callId !== undefined) query.set('call', callId)
  await Promise.all(
    jobs.map(async (type) => {
      const url = `http://127.0.0.1:${port}/reviews/${encodeURIComponent(reviewId)}/jobs/${type}?${query.toString()}`
      try {
        const response = await fetch(url, { method: 'POST', headers: { authorization: `Bearer ${key}` } })
        await response.arrayBuffer()
      } catch {
        // It was killed, or closed; who did that says so.
      }
    }),
  )
}
