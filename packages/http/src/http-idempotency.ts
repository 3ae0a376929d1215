import {
  type BeginOutcome,
  HoldfastError,
  type Idempotency,
  InvalidArgumentError,
  type StartOptions,
} from '@holdfast/core'
import {
  NOT_COMPARABLE,
  NOT_READ,
  REUSED,
  UNAVAILABLE,
  UNREADABLE,
  failedBefore,
  inProgress,
  malformed,
  missing,
  notStored,
  replayOf,
} from './answers.ts'
import { type BypassReason, publish } from './events.ts'
import { Exchange, type HttpExchange } from './exchange.ts'
import { type ParsedKey, checkResolvedKey, parseIdempotencyKey } from './idempotency-key.ts'
import { type HttpIdempotencyOptions, type ResolvedHttpOptions, resolveHttpOptions } from './options.ts'
import { type Problem, problemResponse } from './problems.ts'
import {
  type HttpRequestFacts,
  fingerprintWithoutUnread,
  isIncomparableJson,
  isUnread,
  jobKeyOf,
  jobTypeOf,
  standardFingerprint,
} from './request.ts'
import type { HttpResponse, HttpResponseHeaders, StoredResponse } from './response.ts'

/**
 * The rules of the `Idempotency-Key` header for one route (or for several that share their options), free of any
 * framework. An adapter calls {@link begin} in the handler's place, when all that the platform runs before a handler has
 * let the request through.
 *
 * ```
 *             ┌─ bypass ──► run the handler, record nothing
 *   begin ────┼─ answer ──► send `response` as it is (a replay or a problem), do not run the handler
 *             ├─ late ────► something else has answered: send nothing, do not run the handler
 *             └─ proceed ─► run the handler, and report what leaves to a `new IdempotentRequest(exchange)`
 * ```
 *
 * - **R1** No storage is called for a request without a key, or with a malformed one.
 * - **R2** Of all requests with one key, scope, method, route and parameters, one handler runs at a time, and none
 *   after one whose answer was stored or could not be.
 * - **R3** Another payload is refused in every state and writes nothing.
 * - **R4** A replay is byte for byte the stored body, with the headers that were kept.
 * - **R5** What `begin` answers by itself is never recorded.
 * - **R6** Whatever refuses a first request before its handler refuses its replay, too: claim and replay take the place
 *   of the handler, behind every hook, guard and pipe. What the handler itself checks is not checked for a replay, so
 *   `scope` has to name who may see the answer. When something else has answered before the claim was made, the claim is
 *   released and the handler is not called.
 * - **R7** Storing never waits, freeing waits for the handler: an answer that is kept is recorded before its first byte,
 *   whether the handler or something else gave it; while the handler is at work no answer frees the key. An answer that would free it counts only if
 *   it left from the handler's async context or after its end. Otherwise the handler's end decides: a failure frees the
 *   key, a success is stored as completed without an answer. `timeoutMs` and a dead process end a claim in any case.
 *   One request has one claim: where a handler is called again for it, the last call decides.
 * - **R8** A record that cannot be read is answered as such, also with `onStorageUnavailable: 'open'`; no handler runs.
 */
export interface HttpIdempotency<Request = unknown> {
  /** Whether requests of this method are looked at; false for every other one. */
  appliesTo(method: string): boolean
  /**
   * Decides on one request. Rejects only for what is wrong with the options or their resolvers, before anything is
   * claimed: answer 500.
   */
  begin(request: Request, facts: HttpRequestFacts, options?: HttpBeginOptions): Promise<HttpDecision>
  /** Resolves when nothing is recorded any more for requests that were begun; for shutdown. */
  drained(): Promise<void>
  /** Whether requests may have to wait: only then does `begin` look at its `signal`. */
  readonly waits: boolean
  /** What adapters that capture streams have to know. */
  readonly streams: 'tombstone' | 'buffer'
  readonly maxResponseBytes: number
}

export interface HttpBeginOptions {
  /** Ends a wait (`wait: { maxMs }`), nothing else. */
  readonly signal?: AbortSignal | undefined
  /** Whether something else has answered the request by now: a watchdog may, while the storage is asked. */
  readonly isAnswered?: (() => boolean) | undefined
}

export type HttpDecision =
  | { readonly action: 'proceed'; readonly exchange: HttpExchange }
  | { readonly action: 'answer'; readonly response: HttpResponse }
  | {
      readonly action: 'bypass'
      readonly reason: BypassReason
      /** To be set on the handler's answer; empty unless `statusHeader` is on. */
      readonly headers: HttpResponseHeaders
    }
  /** `isAnswered` said so: send nothing and call no handler. What was claimed has been released. */
  | { readonly action: 'late' }

/** Checks the options at once, so that a wrong one fails when the route is registered. @throws InvalidArgumentError */
export function createHttpIdempotency<Request = unknown>(
  idempotency: Idempotency,
  options: HttpIdempotencyOptions<Request>,
): HttpIdempotency<Request> {
  const resolved = resolveHttpOptions(options)
  // Checks those of the execution, too: they are resolved again for each one, over the instance's.
  idempotency.define('http', { key: String, ...resolved.start })
  const open = new Set<Promise<void>>()
  const waiting = new Map<string, number>()

  const answer = (response: HttpResponse, status: string): HttpDecision => ({
    action: 'answer',
    response: resolved.statusHeader
      ? { ...response, headers: { ...response.headers, 'idempotency-status': status } }
      : response,
  })

  const refuse = (
    jobType: string,
    jobKey: string | null,
    problem: Problem,
    status: string,
    error?: unknown,
  ): HttpDecision => {
    const response = problemResponse(problem, resolved.problems)
    publish(() => ({
      type: 'refused',
      jobType,
      jobKey,
      code: problem.code,
      status: response.status,
      ...(error === undefined ? {} : { error }),
    }))
    return answer(response, status)
  }

  const bypass = (
    jobType: string,
    jobKey: string | null,
    reason: BypassReason,
    error?: unknown,
  ): HttpDecision => {
    publish(() => ({
      type: 'bypassed',
      jobType,
      jobKey,
      reason,
      ...(error === undefined ? {} : { error }),
    }))
    const headers: HttpResponseHeaders = resolved.statusHeader ? { 'idempotency-status': 'bypassed' } : {}
    return { action: 'bypass', reason, headers }
  }

  const claim = async (
    jobType: string,
    jobKey: string,
    start: StartOptions,
    signal: AbortSignal | undefined,
  ): Promise<BeginOutcome> => {
    const name = `${jobType}\n${jobKey}`
    const before = waiting.get(name) ?? 0
    if (resolved.wait === undefined || before >= resolved.wait.maxWaiters) {
      return idempotency.begin(jobType, jobKey, start)
    }
    waiting.set(name, before + 1)
    try {
      return await idempotency.begin(jobType, jobKey, {
        ...start,
        onInProgress: 'wait',
        waitMs: resolved.wait.maxMs,
        ...(signal === undefined ? {} : { signal }),
      })
    } finally {
      const after = (waiting.get(name) ?? 1) - 1
      if (after > 0) waiting.set(name, after)
      else waiting.delete(name)
    }
  }

  const decide = (jobType: string, jobKey: string, key: string, outcome: BeginOutcome): HttpDecision => {
    switch (outcome.status) {
      case 'started': {
        const exchange = new Exchange(key, outcome.execution, resolved)
        const { settled } = exchange
        open.add(settled)
        void settled.then(() => open.delete(settled))
        return { action: 'proceed', exchange }
      }
      case 'replayed': {
        const { snapshot } = outcome
        const stored = outcome.result as StoredResponse | undefined
        if (stored === undefined || 'omitted' in stored)
          return refuse(jobType, jobKey, notStored(stored, snapshot), 'replayed')
        const { executionId } = snapshot
        publish(() => ({ type: 'replayed', jobType, jobKey, executionId, status: stored.status }))
        return answer(replayOf(stored, snapshot, resolved.statusHeader), 'replayed')
      }
      case 'inProgress': {
        const seconds = Math.ceil(outcome.snapshot.leaseRemainingMs / 1_000)
        return refuse(jobType, jobKey, inProgress(Math.min(5, Math.max(1, seconds))), 'in-flight')
      }
      case 'mismatch':
        return refuse(jobType, jobKey, REUSED, 'mismatch')
      case 'failedBefore':
        return refuse(jobType, jobKey, failedBefore(outcome.snapshot, outcome.retryAfterMs), 'replayed')
    }
  }

  const begin = async (
    request: Request,
    facts: HttpRequestFacts,
    signal: AbortSignal | undefined,
  ): Promise<HttpDecision> => {
    const jobType = jobTypeOf(facts)
    if (!resolved.methods.has(facts.method.toUpperCase())) return bypass(jobType, null, 'method')
    const parsed = await parsedKey(request, facts, resolved)
    if (parsed.status === 'malformed')
      return refuse(jobType, null, malformed(resolved, parsed.reason), 'bypassed')
    if (parsed.status === 'missing') {
      return resolved.required
        ? refuse(jobType, null, missing(resolved), 'bypassed')
        : bypass(jobType, null, 'noKey')
    }
    const { key } = parsed
    const jobKey = jobKeyOf(await scopeOf(request, resolved), key, facts)
    if (resolved.fingerprint === undefined && isUnread(facts))
      return refuse(jobType, jobKey, NOT_READ, 'bypassed')
    const fingerprint = await fingerprintFor(request, facts, resolved)
    const start = fingerprint === undefined ? resolved.start : { ...resolved.start, fingerprint }
    let outcome: BeginOutcome
    try {
      outcome = await claim(jobType, jobKey, start, signal)
    } catch (error) {
      const code = HoldfastError.isInstance(error) ? error.code : undefined
      if (code === 'WAIT_ABORTED') return refuse(jobType, jobKey, inProgress(1), 'in-flight')
      // A body that has no fingerprint is the client's error (400), not ours.
      if (code === 'INVALID_ARGUMENT' && resolved.fingerprint === undefined && isIncomparableJson(facts.body))
        return refuse(jobType, jobKey, NOT_COMPARABLE, 'bypassed')
      if (code === 'RECORD_UNREADABLE') return refuse(jobType, jobKey, UNREADABLE, 'bypassed', error)
      if (code === undefined || !NO_ANSWER.has(code)) throw error
      return resolved.onStorageUnavailable === 'open'
        ? bypass(jobType, jobKey, 'storageUnavailable', error)
        : refuse(jobType, jobKey, UNAVAILABLE, 'bypassed', error)
    }
    return decide(jobType, jobKey, key, outcome)
  }

  return {
    waits: resolved.wait !== undefined,
    streams: resolved.streams,
    maxResponseBytes: resolved.maxResponseBytes,
    appliesTo: (method) => resolved.methods.has(method.toUpperCase()),

    async begin(request, facts, { signal, isAnswered = () => false } = {}) {
      const decision = await begin(request, facts, signal)
      if (!isAnswered()) return decision
      if (decision.action === 'proceed') await decision.exchange.release()
      return { action: 'late' }
    },

    async drained() {
      while (open.size > 0) await Promise.all(open)
    },
  }
}

async function parsedKey<Request>(
  request: Request,
  { headers }: HttpRequestFacts,
  { key, header, quotedOnly }: ResolvedHttpOptions<Request>,
): Promise<ParsedKey> {
  return key === undefined
    ? parseIdempotencyKey(headers[header], { quotedOnly })
    : checkResolvedKey(await key(request))
}

/** Null is everybody's; a resolver can only name somebody. */
async function scopeOf<Request>(
  request: Request,
  { scope }: ResolvedHttpOptions<Request>,
): Promise<string | null> {
  if (scope === 'global') return null
  const value: unknown = await scope(request)
  if (typeof value === 'string' && value !== '') return value
  throw new InvalidArgumentError(
    `scope returned ${String(value)}: it must return a string that names the caller, or callers would share their answers.`,
  )
}

async function fingerprintFor<Request>(
  request: Request,
  facts: HttpRequestFacts,
  { fingerprint }: ResolvedHttpOptions<Request>,
): Promise<unknown> {
  if (fingerprint === false) return undefined
  if (fingerprint === undefined) return standardFingerprint(facts)
  // Nothing is something to compare, too: an absent header must not let every payload through.
  return (await fingerprint(request, fingerprintWithoutUnread(facts))) ?? null
}

/** With these the storage has not said whether the key is free. */
const NO_ANSWER: ReadonlySet<string> = new Set(['STORAGE_UNAVAILABLE', 'STORAGE_REFUSED', 'CLOSED'])
