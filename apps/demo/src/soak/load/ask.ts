import type { Place } from '../fleet.ts'
import type { Order } from '../tables/soak-rows.ts'

/** What a caller heard of its start. */
export interface Heard {
  /** The job has ended, and this is its result. */
  readonly isResult: boolean
  /** No instance has worked on it, or the caller cannot know: to ask another instance is right. */
  readonly isAskedAgain: boolean
  readonly text: string
}

/** An instance that is frozen answers nothing, and its callers do not wait for it. */
const PATIENCE_MS = 20_000

/** Starts a job as callers of a service do. Never rejects. */
export async function ask(
  { member }: Place,
  { reviewId, jobType }: Order,
  options: { readonly wait: boolean; readonly at?: number; readonly signal: AbortSignal },
): Promise<Heard> {
  const port = member.running()?.port
  if (port === undefined) return { isResult: false, isAskedAgain: true, text: 'there is no such instance' }
  const { wait, at = 0, signal } = options
  const url = `http://127.0.0.1:${port}/reviews/${reviewId}/jobs/${jobType}?at=${at}${wait ? '&wait=1' : ''}`
  try {
    const giveUp = AbortSignal.any([signal, AbortSignal.timeout(PATIENCE_MS)])
    const response = await fetch(url, { method: 'POST', signal: giveUp })
    const body = (await response.json()) as { code?: string | null; message?: string; summary?: string }
    const { ok, status } = response
    if (ok) return { isResult: true, isAskedAgain: false, text: body.summary ?? '' }
    return {
      isResult: false,
      isAskedAgain: status === 503,
      text: [status, body.code, body.message].filter(Boolean).join(' '),
    }
  } catch (error) {
    return { isResult: false, isAskedAgain: true, text: `no answer: ${reasonOf(error)}` }
  }
}

function reasonOf(error: unknown): string {
  const { message, cause } = error as { readonly message?: string; readonly cause?: unknown }
  return cause === undefined ? String(message) : `${message} (${reasonOf(cause)})`
}
