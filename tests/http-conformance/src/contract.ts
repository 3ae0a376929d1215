import type { HttpIdempotencyOptions } from '@holdfast/http'

/** The part of a request that the options below read; Fastify's and Express' requests fit. */
export interface KitRequest {
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>
  readonly body?: unknown
}

export interface KitRoute {
  readonly method: 'POST' | 'PATCH'
  readonly path: string
  readonly options: Partial<HttpIdempotencyOptions<KitRequest>>
}

const header = (request: KitRequest, name: string): string | undefined => {
  const value = request.headers[name]
  return typeof value === 'string' ? value : value?.[0]
}

/**
 * What every route of the contract shares: `x-tenant` names the caller, and the app records an answer before it
 * delivers it, also on a busy machine.
 */
export const kitDefaults: HttpIdempotencyOptions<KitRequest> = {
  scope: (request) => header(request, 'x-tenant') ?? 'kit',
  recordWaitMs: 6_000,
}

/** The lease of `/lease`: short enough to wait for, long enough for a busy machine to renew in time. */
export const LEASE_MS = 3_000
/** The retention of `/brief`. */
export const RETAIN_MS = 1_000

/**
 * The app under test. Each of these routes asks the witness what to do ({@link askWitness}) and does it. The app also
 * serves:
 *
 * - `GET /charge`, which asks the witness as well and is not idempotent;
 * - `POST /validated` refuses a body without a number `amount` (400), by the framework's own validation;
 * - `POST /guarded` answers 401 when `x-role` is `nobody` and 429 when it is `eager`, before the handler;
 * - `POST /filtered` renders what its handler throws by the app's own error handler or exception filter: status 418,
 *   body `{"filtered": message}`; `POST /pardoned` the same with status 200;
 * - `POST /late` answers 401 when `x-role` is `nobody`, by the last check that the framework runs before a handler: on Fastify a
 *   `preHandler` that a later plugin adds to the route, on Nest the pipe of a parameter;
 * - `POST /own` has a handler that sends its answer itself and continues; `POST /callback` one that answers from a callback and
 *   returns nothing;
 * - a request that names a witness in `x-kit-watchdog` has a watchdog, which starts before the handler and answers as
 *   soon as that witness says what; on `POST /timed` the framework's own handler timeout takes its place (Nest: an
 *   interceptor that fails with a 408);
 * - `GET /kit/events` returns all events of `holdfast:http` of this process so far, as a JSON array;
 * - `GET /openapi.json`, when the framework generates one;
 * - bodies above 16 KiB are refused (413), multipart bodies are parsed, answers are compressed on request.
 */
export const kitRoutes = {
  charge: { method: 'POST', path: '/charge', options: {} },
  patch: { method: 'PATCH', path: '/charge', options: {} },
  one: { method: 'POST', path: '/charge/:id', options: {} },
  other: { method: 'POST', path: '/other', options: {} },
  optional: { method: 'POST', path: '/optional', options: { required: false } },
  quoted: { method: 'POST', path: '/quoted', options: { quotedOnly: true } },
  webhook: {
    method: 'POST',
    path: '/webhook',
    options: { key: ({ body }) => (body as { eventId?: string } | undefined)?.eventId },
  },
  renamed: { method: 'POST', path: '/renamed', options: { header: 'X-Request-Key' } },
  wait: { method: 'POST', path: '/wait', options: { wait: { maxMs: 120_000 } } },
  impatient: { method: 'POST', path: '/impatient', options: { wait: { maxMs: 300 } } },
  crowded: { method: 'POST', path: '/crowded', options: { wait: { maxMs: 120_000, maxWaiters: 2 } } },
  stripe: { method: 'POST', path: '/stripe', options: { replay: 'stripe-v1' } },
  success: { method: 'POST', path: '/success', options: { replay: 'success-only' } },
  attempts: { method: 'POST', path: '/attempts', options: { maxAttempts: 2 } },
  brief: { method: 'POST', path: '/brief', options: { retainMs: RETAIN_MS } },
  small: { method: 'POST', path: '/small', options: { maxResponseBytes: 64 } },
  buffered: { method: 'POST', path: '/buffered', options: { streams: 'buffer', maxResponseBytes: 64 } },
  open: { method: 'POST', path: '/open', options: { onStorageUnavailable: 'open' } },
  lease: { method: 'POST', path: '/lease', options: { leaseMs: LEASE_MS } },
  validated: { method: 'POST', path: '/validated', options: {} },
  guarded: { method: 'POST', path: '/guarded', options: {} },
  filtered: { method: 'POST', path: '/filtered', options: {} },
  pardoned: { method: 'POST', path: '/pardoned', options: {} },
  late: { method: 'POST', path: '/late', options: {} },
  own: { method: 'POST', path: '/own', options: {} },
  callback: { method: 'POST', path: '/callback', options: {} },
  timed: { method: 'POST', path: '/timed', options: {} },
  status: { method: 'POST', path: '/status', options: { statusHeader: true } },
  faulty: {
    method: 'POST',
    path: '/faulty',
    options: {
      replay: () => {
        throw new Error('the rule of /faulty throws')
      },
      fingerprint: (request, standard) => {
        if (header(request, 'x-break') !== undefined) throw new Error('the fingerprint of /faulty throws')
        return standard
      },
    },
  },
} as const satisfies Readonly<Record<string, KitRoute>>

export type RouteName = keyof typeof kitRoutes
