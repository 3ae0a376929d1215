import { type ExecutionOptions, InvalidArgumentError } from '@holdfast/core'
import {
  type OptionTable,
  type Resolved,
  type Runtime,
  anything,
  checkBoolean,
  checkFunction,
  checkString,
  duration,
  integer,
  nested,
  oneOf,
  resolveOptions,
  systemRuntime,
} from '@holdfast/core/storage'
import { headerName } from './headers.ts'
import { PROBLEMS_TABLE, type ProblemOptions } from './problems.ts'
import { type JudgedResponse, type ReplayPolicy, type Verdict, checkReplay, judge } from './replay-policy.ts'
import type { StandardFingerprint } from './request.ts'
import { checkStoreHeaders, keptHeaders } from './response.ts'

type Awaitable<T> = T | Promise<T>

interface Wait {
  readonly maxMs: number
  readonly maxWaiters?: number | undefined
}

/** How an idempotent route behaves. `Request` is the framework's own request, which the resolvers are given. */
export interface HttpIdempotencyOptions<Request = unknown> extends Pick<
  ExecutionOptions,
  'leaseMs' | 'timeoutMs' | 'maxAttempts' | 'onStalled' | 'codec'
> {
  /**
   * Whose key it is: two scopes never see each other's answers. Return the authenticated tenant or user, never a constant
   * and nothing that a caller can choose. `'global'`: all callers share one space of keys.
   */
  readonly scope: 'global' | ((request: Request) => Awaitable<string>)
  /**
   * Whether a request without a key is refused. With `false` it is handled without protection.
   * @default true
   */
  readonly required?: boolean | undefined
  /**
   * Name of the header.
   * @default 'idempotency-key'
   */
  readonly header?: string | undefined
  /**
   * Takes the key from somewhere else, such as the event id of a webhook. `undefined` or `null` is no key (see
   * `required`), an empty text is refused with 400 `IDEMPOTENCY_KEY_MALFORMED`.
   * @default the header
   */
  readonly key?: ((request: Request) => Awaitable<string | null | undefined>) | undefined
  /**
   * Refuses a bare key, as the draft of the header demands. Without it `k` and `"k"` are one key.
   * @default false
   */
  readonly quotedOnly?: boolean | undefined
  /**
   * The methods that are protected. Requests of other methods are handled without protection. GET, HEAD, OPTIONS and TRACE
   * cannot be named.
   * @default `POST`, `PATCH`
   */
  readonly methods?: readonly string[] | undefined
  /**
   * What two requests with one key must agree in: `false` compares nothing, a function `(request, standard) => …` may
   * return any plain data: what JSON can say, dates and bytes (a `Buffer`). `standard` is an object of what is compared by
   * default.
   * @default method, route, parameters, sorted query, media type and body (`{ method, route, params, query, mediaType, body }`)
   */
  readonly fingerprint?: false | ((request: Request, standard: StandardFingerprint) => unknown) | undefined
  /**
   * Which answers are replayed: `standard` (2xx, 3xx and final 4xx), `stripe-v1` (every answer of the handler, 5xx too, as
   * the draft of the header demands), `success-only`, or `({ status, threw }) => 'store' | 'fail' | 'release'`.
   * @default 'standard'
   */
  readonly replay?: ReplayPolicy | undefined
  /**
   * How long an answer is replayed, and how long a key is bound to its payload.
   * @default 86_400_000
   */
  readonly retainMs?: number | undefined
  /**
   * `{ maxMs, maxWaiters }`: a duplicate waits up to `maxMs` for the first request and gets its answer; at most
   * `maxWaiters` (100 unless given) per key and process. Without it a duplicate gets 409 at once.
   */
  readonly wait?: Wait | undefined
  /**
   * What happens when the storage cannot be asked: `closed` answers 503, `open` handles the request without protection.
   * @default 'closed'
   */
  readonly onStorageUnavailable?: 'closed' | 'open' | undefined
  /**
   * The longest answer that is stored. A longer one is delivered, but duplicates get 409.
   * @default 262_144
   */
  readonly maxResponseBytes?: number | undefined
  /**
   * `tombstone` never stores a stream; `buffer` stores one that fits into `maxResponseBytes`.
   * @default 'tombstone'
   */
  readonly streams?: 'tombstone' | 'buffer' | undefined
  /** More headers to store and replay. */
  readonly storeHeaders?: readonly string[] | undefined
  /**
   * How long an answer is held back until the storage confirms that it is recorded. Then it is delivered anyway, and
   * recording goes on. 0 does not wait.
   * @default 2_000
   */
  readonly recordWaitMs?: number | undefined
  /**
   * Also sends `Idempotency-Status` (created, replayed, in-flight, mismatch, bypassed) and, with a replay,
   * `Idempotency-Original-Date`.
   * @default false
   */
  readonly statusHeader?: boolean | undefined
  /** `{ type, describedBy, status }`: the `type` URIs, a link to your documentation and the status codes of problem documents. */
  readonly problems?: ProblemOptions | undefined
  /**
   * Time and timers, for tests.
   * @default the system's
   */
  readonly runtime?: Runtime | undefined
}

/** The options of a route over those of its app. An `undefined` member counts as absent: the app's is taken. */
export function overDefaults<Request>(
  defaults: Partial<HttpIdempotencyOptions<Request>> | undefined,
  own: Partial<HttpIdempotencyOptions<Request>>,
): HttpIdempotencyOptions<Request> {
  const given = Object.entries(own).filter(([, value]) => value !== undefined)
  return { ...defaults, ...Object.fromEntries(given) } as HttpIdempotencyOptions<Request>
}

type Open = 'key' | 'fingerprint' | 'wait' | 'leaseMs' | 'timeoutMs' | 'maxAttempts' | 'onStalled' | 'codec'

/** The options with every default in place, checked, and what follows from them. */
export interface ResolvedHttpOptions<Request> extends Omit<
  Resolved<HttpIdempotencyOptions<Request>, Open>,
  'methods' | 'wait'
> {
  readonly methods: ReadonlySet<string>
  readonly wait: Resolved<Wait> | undefined
  readonly judge: (response: JudgedResponse) => Verdict
  readonly keptHeaders: ReadonlySet<string>
  /** For the execution. */
  readonly start: ExecutionOptions
}

const WAIT: OptionTable<Wait> = { maxMs: [duration(1)], maxWaiters: [integer(1), 100] }

/**
 * Core checks the options of the execution. `npm run docs:examples` reads this table.
 * @public
 */
export const HTTP: OptionTable<HttpIdempotencyOptions<never>, Open> = {
  scope: [checkScope],
  required: [checkBoolean, true],
  header: [headerName, 'idempotency-key'],
  key: [checkFunction, undefined],
  quotedOnly: [checkBoolean, false],
  methods: [checkMethods, ['POST', 'PATCH']],
  fingerprint: [(name, value) => (value === false ? value : checkFunction(name, value)), undefined],
  replay: [checkReplay, 'standard'],
  retainMs: [duration(1), 86_400_000],
  wait: [nested(WAIT), undefined],
  onStorageUnavailable: [oneOf('closed', 'open'), 'closed'],
  maxResponseBytes: [integer(0), 262_144],
  streams: [oneOf('tombstone', 'buffer'), 'tombstone'],
  storeHeaders: [checkStoreHeaders, []],
  recordWaitMs: [duration(0), 2_000],
  statusHeader: [checkBoolean, false],
  problems: [nested(PROBLEMS_TABLE), {}],
  runtime: [anything, systemRuntime],
  leaseMs: [anything, undefined],
  timeoutMs: [anything, undefined],
  maxAttempts: [anything, undefined],
  onStalled: [anything, undefined],
  codec: [anything, undefined],
}

const SAFE_METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE'])

/** @throws InvalidArgumentError that names what is wrong */
export function resolveHttpOptions<Request>(
  options: HttpIdempotencyOptions<Request>,
): ResolvedHttpOptions<Request> {
  const table = HTTP as unknown as OptionTable<HttpIdempotencyOptions<Request>, Open>
  const resolved = resolveOptions(table, options)
  const { methods, wait, replay, storeHeaders, retainMs, maxResponseBytes } = resolved
  const { leaseMs, timeoutMs, maxAttempts, onStalled, codec } = resolved
  return {
    ...resolved,
    methods: new Set(methods),
    wait: wait as Resolved<Wait> | undefined,
    judge: judge(replay),
    keptHeaders: keptHeaders(storeHeaders),
    start: {
      leaseMs,
      timeoutMs,
      maxAttempts,
      onStalled,
      codec,
      onCompleted: 'replay',
      onFailed: 'rerun',
      completedWindowMs: retainMs,
      completedRetentionMs: retainMs,
      failedRetentionMs: retainMs,
      // The limit is ours, on the bytes of the body; text can grow to six times its length on the way to JSON.
      maxResultBytes: maxResponseBytes * 7 + 262_144,
      onResultTooLarge: 'tombstone',
    },
  }
}

function checkScope<T>(_name: string, scope: T): T {
  if (scope === 'global' || typeof scope === 'function') return scope
  throw new InvalidArgumentError(
    "scope is missing: give a function that returns the caller's tenant or user, or 'global' when all callers may share one space of keys.",
  )
}

function checkMethods(name: string, methods: readonly string[]): readonly string[] {
  if (!Array.isArray(methods)) throw new InvalidArgumentError("methods must be a list, such as ['POST'].")
  const upper = methods.map((method: string) => checkString(name, method).toUpperCase())
  const safe = upper.find((method) => SAFE_METHODS.has(method))
  if (safe === undefined && upper.length > 0) return upper
  throw new InvalidArgumentError(
    `methods must name methods that change something, not ${safe ?? 'nothing'}: safe ones are idempotent by themselves.`,
  )
}
