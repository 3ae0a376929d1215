import { type ExecutionOptions, InvalidArgumentError } from '@holdfast/core'
import { type Runtime, systemRuntime } from '@holdfast/core/storage'
import {
  checkBoolean,
  checkDuration,
  checkFunction,
  checkInteger,
  checkOneOf,
  checkOptions,
  checkString,
  optionNames,
} from './checks.ts'
import { headerName } from './headers.ts'
import { type ProblemOptions, checkProblems } from './problems.ts'
import { type JudgedResponse, type ReplayPolicy, type Verdict, judge } from './replay-policy.ts'
import type { StandardFingerprint } from './request.ts'
import { keptHeaders } from './response.ts'

type Awaitable<T> = T | Promise<T>

/** How an idempotent route behaves. `Request` is the framework's own request, which the resolvers are given. */
export interface HttpIdempotencyOptions<Request = unknown> extends Pick<
  ExecutionOptions,
  'leaseMs' | 'timeoutMs' | 'maxAttempts' | 'onStalled' | 'codec'
> {
  /**
   * Whose key it is: two scopes never see each other's answers. Return the tenant or the user, never a constant;
   * `'global'` says that every caller shares one space of keys. No default.
   */
  readonly scope: 'global' | ((request: Request) => Awaitable<string>)
  /** Whether a request without a key is refused (default) or handled without protection. */
  readonly required?: boolean | undefined
  /** Name of the header. Default `idempotency-key`. */
  readonly header?: string | undefined
  /** Takes the key from somewhere else, such as the event id of a webhook. Default: the header. */
  readonly key?: ((request: Request) => Awaitable<string | null | undefined>) | undefined
  /** Refuses a bare key, as the draft of the header has it. Default false: `k` and `"k"` are one key. */
  readonly quotedOnly?: boolean | undefined
  /** Default POST and PATCH; GET, HEAD and OPTIONS are refused. */
  readonly methods?: readonly string[] | undefined
  /**
   * What two requests with one key must agree in: `false` compares nothing, a function may return any plain data.
   * Default: {@link StandardFingerprint}.
   */
  readonly fingerprint?: false | ((request: Request, standard: StandardFingerprint) => unknown) | undefined
  /** Which answers are replayed. Default `standard`; the letter of the draft is `stripe-v1`. */
  readonly replay?: ReplayPolicy | undefined
  /** How long an answer is replayed, and how long a key is bound to its payload. Default 86,400,000 (24 h). */
  readonly retainMs?: number | undefined
  /**
   * Lets a duplicate wait up to `maxMs` for the first request and get its answer; at most `maxWaiters` (default 100)
   * per key and process. Default: it is answered 409 at once.
   */
  readonly wait?: { readonly maxMs: number; readonly maxWaiters?: number | undefined } | undefined
  /** `closed` (default) answers 503 when the storage cannot be asked, `open` handles the request without protection. */
  readonly onStorageUnavailable?: 'closed' | 'open' | undefined
  /** A longer answer is delivered, but not kept. Default 262,144. */
  readonly maxResponseBytes?: number | undefined
  /** `tombstone` (default) never keeps a stream; `buffer` keeps one that fits into `maxResponseBytes`. */
  readonly streams?: 'tombstone' | 'buffer' | undefined
  /** More headers to keep and replay. Default: none. */
  readonly storeHeaders?: readonly string[] | undefined
  /**
   * How long an answer is held back for the storage to confirm that it is recorded; then it is delivered anyway, and
   * recording goes on. 0 does not wait. Default 2,000.
   */
  readonly recordWaitMs?: number | undefined
  /**
   * Also sends `Idempotency-Status` (created, replayed, in-flight, mismatch, bypassed) and, with a replay,
   * `Idempotency-Original-Date`. Default false.
   */
  readonly statusHeader?: boolean | undefined
  readonly problems?: ProblemOptions | undefined
  /** Time and timers, for tests. */
  readonly runtime?: Runtime | undefined
}

/** The options of a route over those of its app. An `undefined` member counts as absent: the app's is taken. */
export function overDefaults<Request>(
  defaults: Partial<HttpIdempotencyOptions<Request>> | undefined,
  own: Partial<HttpIdempotencyOptions<Request>>,
): HttpIdempotencyOptions<Request> {
  return { ...defaults, ...defined(own) } as HttpIdempotencyOptions<Request>
}

/** The options with every default in place, checked. */
export interface ResolvedHttpOptions<Request> {
  readonly scope: 'global' | ((request: Request) => Awaitable<string>)
  readonly required: boolean
  readonly header: string
  readonly key: ((request: Request) => Awaitable<string | null | undefined>) | undefined
  readonly quotedOnly: boolean
  readonly methods: ReadonlySet<string>
  readonly fingerprint: false | ((request: Request, standard: StandardFingerprint) => unknown) | undefined
  readonly judge: (response: JudgedResponse) => Verdict
  readonly wait: { readonly maxMs: number; readonly maxWaiters: number } | undefined
  readonly onStorageUnavailable: 'closed' | 'open'
  readonly maxResponseBytes: number
  readonly streams: 'tombstone' | 'buffer'
  readonly keptHeaders: ReadonlySet<string>
  readonly recordWaitMs: number
  readonly statusHeader: boolean
  readonly problems: ProblemOptions
  readonly runtime: Runtime
  /** For the execution. */
  readonly start: ExecutionOptions
}

const HTTP_OPTIONS = optionNames<HttpIdempotencyOptions>({
  scope: true,
  required: true,
  header: true,
  key: true,
  quotedOnly: true,
  methods: true,
  fingerprint: true,
  replay: true,
  retainMs: true,
  wait: true,
  onStorageUnavailable: true,
  maxResponseBytes: true,
  streams: true,
  storeHeaders: true,
  recordWaitMs: true,
  statusHeader: true,
  problems: true,
  runtime: true,
  leaseMs: true,
  timeoutMs: true,
  maxAttempts: true,
  onStalled: true,
  codec: true,
})
const WAIT_OPTIONS = optionNames<NonNullable<HttpIdempotencyOptions['wait']>>({
  maxMs: true,
  maxWaiters: true,
})

const SAFE_METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE'])

export function resolveHttpOptions<Request>(
  options: HttpIdempotencyOptions<Request>,
): ResolvedHttpOptions<Request> {
  const {
    scope,
    required = true,
    header = 'idempotency-key',
    key,
    quotedOnly = false,
    methods = ['POST', 'PATCH'],
    fingerprint,
    replay = 'standard',
    retainMs = 86_400_000,
    wait,
    onStorageUnavailable = 'closed',
    maxResponseBytes = 262_144,
    streams = 'tombstone',
    storeHeaders = [],
    recordWaitMs = 2_000,
    statusHeader = false,
    problems = {},
    runtime = systemRuntime,
    leaseMs,
    timeoutMs,
    maxAttempts,
    onStalled,
    codec,
  } = checkOptions(options, HTTP_OPTIONS)
  if (wait !== undefined) checkOptions(checkMember('wait', wait), WAIT_OPTIONS)
  if (scope !== 'global' && typeof scope !== 'function') {
    throw new InvalidArgumentError(
      "scope is missing: give a function that returns the caller's tenant or user, or 'global' when all callers may share one space of keys.",
    )
  }
  checkDuration('retainMs', retainMs, 1)
  checkInteger('maxResponseBytes', maxResponseBytes, 0)
  const start: ExecutionOptions = {
    ...defined({ leaseMs, timeoutMs, maxAttempts, onStalled, codec }),
    onCompleted: 'replay',
    onFailed: 'rerun',
    completedWindowMs: retainMs,
    completedRetentionMs: retainMs,
    failedRetentionMs: retainMs,
    // The limit is ours, on the bytes of the body; text can grow to six times its length on the way to JSON.
    maxResultBytes: maxResponseBytes * 7 + 262_144,
    onResultTooLarge: 'tombstone',
  }
  return {
    scope,
    required: checkBoolean('required', required) ?? true,
    header: headerName('header', header),
    key: key === undefined ? key : checkFunction('key', key),
    quotedOnly: checkBoolean('quotedOnly', quotedOnly) ?? false,
    methods: checkMethods(methods),
    fingerprint:
      fingerprint === undefined || fingerprint === false
        ? fingerprint
        : checkFunction('fingerprint', fingerprint),
    judge: judge(replay),
    wait: wait && {
      maxMs: checkDuration('wait.maxMs', wait.maxMs, 1),
      maxWaiters: checkInteger('wait.maxWaiters', wait.maxWaiters ?? 100, 1),
    },
    onStorageUnavailable: checkOneOf('onStorageUnavailable', onStorageUnavailable, ['closed', 'open']),
    maxResponseBytes,
    streams: checkOneOf('streams', streams, ['tombstone', 'buffer']),
    keptHeaders: keptHeaders(storeHeaders),
    recordWaitMs: checkDuration('recordWaitMs', recordWaitMs, 0),
    statusHeader: checkBoolean('statusHeader', statusHeader) ?? false,
    problems: checkProblems(checkMember('problems', problems)),
    runtime,
    start,
  }
}

/** An option that has options of its own. */
function checkMember<T extends object>(name: string, value: T): T {
  if (typeof value === 'object' && value !== null) return value
  throw new InvalidArgumentError(`${name} must be an object, not ${JSON.stringify(value)}.`)
}

function checkMethods(methods: readonly string[]): ReadonlySet<string> {
  if (!Array.isArray(methods)) throw new InvalidArgumentError("methods must be a list, such as ['POST'].")
  const names = methods.map((method: string) => checkString('methods', method).toUpperCase())
  const safe = names.find((method) => SAFE_METHODS.has(method))
  if (safe !== undefined || names.length === 0) {
    throw new InvalidArgumentError(
      `methods must name methods that change something, not ${safe ?? 'nothing'}: safe ones are idempotent by themselves.`,
    )
  }
  return new Set(names)
}

/** Without the members that are undefined, which would override the defaults of an instance. */
function defined<T extends object>(options: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>
  }
}
