import type { FeedRefusal } from '@holdfast/core/storage'
import { answerOf, asStorageError } from '../errors.ts'

/** Why a link is of no use: no other attempt helps until somebody changes something. */
export class LinkRefused extends Error {
  readonly refusal: FeedRefusal

  constructor(code: FeedRefusal['code'], cause: unknown) {
    super(cause instanceof Error ? cause.message : String(cause), { cause })
    this.refusal = { code, cause }
  }
}

/** An answer of the server as what it means for the link; anything else passes by itself. */
export function asLinkError(error: unknown, doing: string): unknown {
  const answer = answerOf(error)
  if (answer === undefined || asStorageError(error, doing).code !== 'STORAGE_REFUSED') return error
  const isChannel = doing === 'SUBSCRIBE' && /\bchannel/.test(answer)
  return new LinkRefused(isChannel ? 'TRACKING_CHANNEL' : 'TRACKING_REFUSED', error)
}
