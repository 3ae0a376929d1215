import { type OptionTable, checkInteger, checkString, checkSynchronous, refuse } from '@holdfast/core/storage'
import type { HttpResponse } from './response.ts'

/** Stable words for what an idempotent route answers by itself; the `code` member of its problem documents. */
export type ProblemCode =
  | 'IDEMPOTENCY_KEY_MISSING'
  | 'IDEMPOTENCY_KEY_MALFORMED'
  /** No parser has read the body: its content type is not one that the route takes. */
  | 'IDEMPOTENCY_BODY_NOT_READ'
  /** The JSON has numbers or a depth that no two requests could be compared by. */
  | 'IDEMPOTENCY_BODY_NOT_COMPARABLE'
  /** The first request with this key is still being handled. */
  | 'IDEMPOTENCY_IN_PROGRESS'
  /** The key was used with another payload. */
  | 'IDEMPOTENCY_KEY_REUSED'
  /** The first request was handled, but its answer was not kept. */
  | 'IDEMPOTENCY_RESPONSE_NOT_STORED'
  /** Every attempt that `maxAttempts` allows has failed, or the only one was interrupted. */
  | 'IDEMPOTENCY_EXECUTION_FAILED'
  /** What is stored under the key is no record that this version can read: a newer version, or another program, wrote it. */
  | 'IDEMPOTENCY_RECORD_UNREADABLE'
  | 'IDEMPOTENCY_STORAGE_UNAVAILABLE'

/** How the problems look that a route answers by itself. */
export interface ProblemOptions {
  /**
   * The `type` URI of a problem.
   * @default `urn:holdfast:` and the code in lower case with hyphens
   */
  readonly type?: ((code: ProblemCode) => string) | undefined
  /** A page about the idempotency of this API, sent as `Link: <…>; rel="describedby"`. */
  readonly describedBy?: string | undefined
  /** Other status codes, for an API that uses the standard ones for something else. */
  readonly status?: { readonly [Code in ProblemCode]?: number | undefined } | undefined
}

/** RFC 9457, with `code` and whether the same request may succeed later. */
export interface ProblemDocument {
  readonly type: string
  readonly title: string
  readonly status: number
  readonly detail: string
  readonly code: ProblemCode
  readonly retryable: boolean
}

export interface Problem {
  readonly code: ProblemCode
  readonly detail: string
  readonly retryAfterSeconds?: number
  /** Further members of the document. */
  readonly members?: Readonly<Record<string, unknown>>
}

const PROBLEMS: Readonly<Record<ProblemCode, { status: number; title: string; retryable: boolean }>> = {
  IDEMPOTENCY_KEY_MISSING: { status: 400, title: 'Idempotency key is missing', retryable: false },
  IDEMPOTENCY_KEY_MALFORMED: { status: 400, title: 'Idempotency key is malformed', retryable: false },
  IDEMPOTENCY_BODY_NOT_READ: {
    status: 415,
    title: 'The request body was not read',
    retryable: false,
  },
  IDEMPOTENCY_BODY_NOT_COMPARABLE: {
    status: 400,
    title: 'The request body cannot be compared',
    retryable: false,
  },
  IDEMPOTENCY_IN_PROGRESS: {
    status: 409,
    title: 'A request with this idempotency key is in progress',
    retryable: true,
  },
  IDEMPOTENCY_KEY_REUSED: {
    status: 422,
    title: 'Idempotency key was used with another payload',
    retryable: false,
  },
  IDEMPOTENCY_RESPONSE_NOT_STORED: {
    status: 409,
    title: 'The request was handled, but its response cannot be replayed',
    retryable: false,
  },
  IDEMPOTENCY_EXECUTION_FAILED: {
    status: 500,
    title: 'The request with this idempotency key has failed for good',
    retryable: false,
  },
  IDEMPOTENCY_RECORD_UNREADABLE: {
    status: 500,
    title: 'What is known of this idempotency key cannot be read',
    retryable: true,
  },
  IDEMPOTENCY_STORAGE_UNAVAILABLE: {
    status: 503,
    title: 'Idempotency cannot be guaranteed at the moment',
    retryable: true,
  },
}

export const PROBLEMS_TABLE: OptionTable<ProblemOptions, 'type' | 'describedBy' | 'status'> = {
  type: [checkSynchronous, undefined],
  describedBy: [checkUrl, undefined],
  status: [checkStatuses, undefined],
}

/** It becomes a header. */
function checkUrl(name: string, value: string): string {
  return URL.canParse(checkString(name, value), 'http://host') ? value : refuse(name, value, 'a URL')
}

function checkStatuses<T extends object>(name: string, statuses: T): T {
  for (const [code, status] of Object.entries(statuses)) {
    if (!Object.hasOwn(PROBLEMS, code))
      refuse(`A code in ${name}`, code, `one of ${Object.keys(PROBLEMS).join(', ')}`)
    if (status !== undefined) checkInteger(`${name}.${code}`, status as number, 400, 599)
  }
  return statuses
}

export function problemResponse(
  { code, detail, retryAfterSeconds, members = {} }: Problem,
  { type = defaultType, describedBy, status: statuses = {} }: ProblemOptions,
): HttpResponse {
  const { title, retryable, status: standard } = PROBLEMS[code]
  const status = statuses[code] ?? standard
  const uri: unknown = type(code)
  const document: ProblemDocument = {
    type: typeof uri === 'string' ? uri : defaultType(code),
    title,
    status,
    detail,
    code,
    retryable,
    ...members,
  }
  return {
    status,
    headers: {
      'content-type': 'application/problem+json',
      'cache-control': 'no-store',
      ...(retryAfterSeconds === undefined ? {} : { 'retry-after': `${retryAfterSeconds}` }),
      ...(describedBy === undefined ? {} : { link: `<${describedBy}>; rel="describedby"` }),
    },
    body: JSON.stringify(document),
  }
}

function defaultType(code: ProblemCode): string {
  return `urn:holdfast:${code.toLowerCase().replaceAll('_', '-')}`
}
