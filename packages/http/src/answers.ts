import type { ExecutionSnapshot } from '@holdfast/core'
import type { ResolvedHttpOptions } from './options.ts'
import type { Problem } from './problems.ts'
import { type HttpResponse, type StoredResponse, bodyOf } from './response.ts'

/** The stored answer, as it was and marked as a replay. */
export function replayOf(
  stored: Exclude<StoredResponse, { omitted: string }>,
  { endTime }: ExecutionSnapshot,
  withDate: boolean,
): HttpResponse {
  const date = withDate && endTime !== null ? { 'idempotency-original-date': endTime.toUTCString() } : {}
  return {
    status: stored.status,
    headers: { ...stored.headers, 'idempotent-replayed': 'true', ...date },
    body: bodyOf(stored),
  }
}

export const UNAVAILABLE: Problem = {
  code: 'IDEMPOTENCY_STORAGE_UNAVAILABLE',
  detail:
    'Whether this request was handled before cannot be found out. Nothing was done; send it again later.',
  retryAfterSeconds: 1,
}

export const UNREADABLE: Problem = {
  code: 'IDEMPOTENCY_RECORD_UNREADABLE',
  detail:
    'Whether this request was handled before cannot be read. Nothing was done; send it again, with the same key, later.',
}

export const REUSED: Problem = {
  code: 'IDEMPOTENCY_KEY_REUSED',
  detail: 'This key belongs to a request with another payload. Use a new key for a new request.',
}

export const NOT_READ: Problem = {
  code: 'IDEMPOTENCY_BODY_NOT_READ',
  detail:
    'This route does not read bodies of this content type, so the request cannot be compared with a later one. Check Content-Type, or send no body.',
}

export const NOT_COMPARABLE: Problem = {
  code: 'IDEMPOTENCY_BODY_NOT_COMPARABLE',
  detail:
    'The body is nested too deeply, or has a number that is too large, to be compared with a later one.',
}

export function missing({ header, key }: ResolvedHttpOptions<never>): Problem {
  const what = key === undefined ? `the ${header} header` : 'an idempotency key'
  return { code: 'IDEMPOTENCY_KEY_MISSING', detail: `This request needs ${what}.` }
}

export function malformed({ header, key }: ResolvedHttpOptions<never>, reason: string): Problem {
  const what = key === undefined ? `The ${header} header` : 'The idempotency key'
  return { code: 'IDEMPOTENCY_KEY_MALFORMED', detail: `${what} is not usable: ${reason}.` }
}

export function inProgress(retryAfterSeconds: number): Problem {
  return {
    code: 'IDEMPOTENCY_IN_PROGRESS',
    detail: 'The first request with this key is still being handled. Send it again to get its answer.',
    retryAfterSeconds,
  }
}

export function notStored(
  stored: (StoredResponse & { readonly omitted: string }) | undefined,
  { resultOmitted, endTime }: ExecutionSnapshot,
): Problem {
  return {
    code: 'IDEMPOTENCY_RESPONSE_NOT_STORED',
    detail: 'The first request with this key was handled, and is not handled again; its answer was not kept.',
    members: {
      reason: stored?.omitted ?? resultOmitted,
      originalStatus: stored?.status ?? null,
      completedAt: endTime,
    },
  }
}

export function failedBefore({ attempt }: ExecutionSnapshot, retryAfterMs: number | undefined): Problem {
  return {
    code: 'IDEMPOTENCY_EXECUTION_FAILED',
    detail: 'The request with this key failed, and is not tried again.',
    ...(retryAfterMs === undefined ? {} : { retryAfterSeconds: Math.ceil(retryAfterMs / 1_000) }),
    // Not why: the code of an error that the app threw is for the app to show.
    members: { attempts: attempt },
  }
}
