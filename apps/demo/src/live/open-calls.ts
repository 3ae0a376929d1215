import { hostNow } from '../clock.ts'
import { GONE } from '../events/sums.ts'
import type { News } from './news.ts'

/** Starts that have no answer yet, by instance. */
export interface OpenCalls {
  /** The instance is gone, and so is the connection over which its callers wait: that is their answer. */
  broken(instance: string, why: string): void
}

export function createOpenCalls(news: News): OpenCalls {
  const open = new Map<string, { readonly instance: string; readonly askedAt: number }>()
  news.note((event) => {
    if (event.type === 'call.asked') open.set(event.callId, { instance: event.source, askedAt: event.at })
    if (event.type === 'call.answered') open.delete(event.callId)
  })
  return {
    broken(gone, message) {
      for (const [callId, { instance, askedAt }] of open) {
        if (instance !== gone) continue
        const tookMs = Math.max(0, hostNow() - askedAt)
        news.say('coordinator', {
          type: 'call.answered',
          callId,
          outcome: 'failed',
          executionId: null,
          tookMs,
          code: GONE,
          message,
        })
      }
    },
  }
}
