import type { HoldfastErrorCode } from '@holdfast/core'
import { type Explanations, explained } from './explanation.ts'

export type HttpErrorCode = Extract<HoldfastErrorCode, `HTTP_${string}`>

/** `ProblemCode` of `@holdfast/http`. */
export type HttpProblemCode =
  | 'IDEMPOTENCY_KEY_MISSING'
  | 'IDEMPOTENCY_KEY_MALFORMED'
  | 'IDEMPOTENCY_BODY_NOT_READ'
  | 'IDEMPOTENCY_BODY_NOT_COMPARABLE'
  | 'IDEMPOTENCY_IN_PROGRESS'
  | 'IDEMPOTENCY_KEY_REUSED'
  | 'IDEMPOTENCY_RESPONSE_NOT_STORED'
  | 'IDEMPOTENCY_EXECUTION_FAILED'
  | 'IDEMPOTENCY_RECORD_UNREADABLE'
  | 'IDEMPOTENCY_STORAGE_UNAVAILABLE'

/** What HTTP routes record. */
export const HTTP_ERRORS: Explanations<HttpErrorCode> = explained(
  { kind: 'error', from: '@holdfast/http' },
  {
    HTTP_FAILURE: [
      'The handler of an idempotent route answered with a status that counts as a failure. It is recorded with the request.',
      'Look into the log of the handler. A retry with the same key runs it again while maxAttempts allows it.',
    ],
  },
)

/** What idempotent routes answer by themselves, in Fastify, Nest and Express alike. */
export const HTTP_PROBLEMS: Explanations<HttpProblemCode> = explained(
  { kind: 'problem', from: '@holdfast/http' },
  {
    IDEMPOTENCY_KEY_MISSING: [
      'The request has no Idempotency-Key, and the route demands one (400).',
      'Have the client send a key: a new one for each action, the same one for each retry.',
    ],
    IDEMPOTENCY_KEY_MALFORMED: [
      'The Idempotency-Key cannot be used: it is empty, too long or has characters that are not allowed (400).',
      'Have the client send a UUID.',
    ],
    IDEMPOTENCY_BODY_NOT_READ: [
      'No parser of the application has read the body: its content type is not one that the route takes (415).',
      'Correct the Content-Type of the client, or give the application a parser for it.',
    ],
    IDEMPOTENCY_BODY_NOT_COMPARABLE: [
      'The JSON has numbers or a depth by which no two requests can be compared (400).',
      'Have the client send large numbers as strings, or give the route a fingerprint.',
    ],
    IDEMPOTENCY_IN_PROGRESS: [
      'The first request with this key is still being handled (409).',
      'Have the client repeat the request after Retry-After. If it lasts, see the request with holdfast jobs list.',
    ],
    IDEMPOTENCY_KEY_REUSED: [
      'The key was used with another payload before (422).',
      'Have the client take a new key for each action.',
    ],
    IDEMPOTENCY_RESPONSE_NOT_STORED: [
      'The request was handled, but its answer was not kept (409). It is not handled again.',
      'Have the client look up what the request made. Raise the limit of stored answers if they are larger.',
    ],
    IDEMPOTENCY_EXECUTION_FAILED: [
      'Every attempt that maxAttempts allows has failed, or the only one was interrupted (500).',
      'See the recorded error with holdfast jobs show; mend its cause. A new key, or holdfast jobs forget, lets the action run again.',
    ],
    IDEMPOTENCY_RECORD_UNREADABLE: [
      'A newer version of Holdfast, or another program, wrote what is stored under the key (500).',
      'Finish the rollout to the newer version. If another program wrote it, remove it with holdfast jobs forget.',
    ],
    IDEMPOTENCY_STORAGE_UNAVAILABLE: [
      'The storage does not answer, so the route cannot promise that it handles the request once (503).',
      'Run holdfast doctor. The client may repeat the request with the same key after Retry-After.',
    ],
  },
)
