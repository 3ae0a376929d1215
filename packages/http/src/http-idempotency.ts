import {
  type BeginOutcome,
  HoldfastError,
  type Idempotency,
  RecordUnreadableError,
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
import { type BypassReason, publish, withError } from './events.ts'
import { Exchange, type HttpExchange } from './exchange.ts'
import { type HttpIdempotencyOptions, type ResolvedHttpOptions, resolveHttpOptions } from './options.ts'
import { type Problem, problemResponse } from './problems.ts'
import { type HttpRequestFacts, isIncomparableJson, isUnread, jobKeyOf, jobTypeOf } from './request.ts'
import { fingerprintFor, parsedKey, scopeOf } from './request-identity.ts'
import { type HttpResponse, type HttpResponseHeaders, type StoredResponse, isReadable } from './response.ts'

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
 * - **R6** Everything that refuses a first request before its handler refuses its replay, too: claim and replay take the place
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

/** What the adapter of a framework knows of one request. */
export interface HttpBeginOptions {
  /** Ends a wait (`wait: { maxMs }`), nothing else. */
  readonly signal?: AbortSignal | undefined
  /** Whether something else has answered the request by now: a watchdog may, while the storage is asked. */
  readonly isAnswered?: (() => boolean) | undefined
}

/**
 * What to do with a request. `proceed`: run the handler. `answer`: send this, without the handler. `bypass`: run the
 * handler without protection.
 */
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
  return new HttpRules(idempotency, resolved)
}

/** What a request is about, as executions are listed; without a usable key it is none. */
interface RequestedJob {
  readonly jobType: string
  readonly jobKey: string | null
}

class HttpRules<Request> implements HttpIdempotency<Request> {
  readonly waits: boolean
  readonly streams: 'tombstone' | 'buffer'
  readonly maxResponseBytes: number
  readonly #idempotency: Idempotency
  readonly #options: ResolvedHttpOptions<Request>
  readonly #open = new Set<Promise<void>>()
  /** How many requests wait, by job. */
  readonly #waiting = new Map<string, number>()

  constructor(idempotency: Idempotency, options: ResolvedHttpOptions<Request>) {
    this.waits = options.wait !== undefined
    this.streams = options.streams
    this.maxResponseBytes = options.maxResponseBytes
    this.#idempotency = idempotency
    this.#options = options
  }

  appliesTo(method: string): boolean {
    return this.#options.methods.has(method.toUpperCase())
  }

  async begin(
    request: Request,
    facts: HttpRequestFacts,
    { signal, isAnswered }: HttpBeginOptions = {},
  ): Promise<HttpDecision> {
    const decision = await this.#judgeRequest(request, facts, signal)
    if (isAnswered?.() !== true) return decision
    if (decision.action === 'proceed') await decision.exchange.release()
    return { action: 'late' }
  }

  async drained(): Promise<void> {
    while (this.#open.size > 0) await Promise.all(this.#open)
  }

  async #judgeRequest(
    request: Request,
    facts: HttpRequestFacts,
    signal: AbortSignal | undefined,
  ): Promise<HttpDecision> {
    const options = this.#options
    const jobType = jobTypeOf(facts)
    const keyless: RequestedJob = { jobType, jobKey: null }
    if (!this.appliesTo(facts.method)) return this.#bypass(keyless, 'method')
    const parsed = await parsedKey(request, facts, options)
    if (parsed.status === 'malformed')
      return this.#refuse(keyless, malformed(options, parsed.reason), 'bypassed')
    if (parsed.status === 'missing') {
      return options.required
        ? this.#refuse(keyless, missing(options), 'bypassed')
        : this.#bypass(keyless, 'noKey')
    }
    const { key } = parsed
    const jobKey = jobKeyOf(await scopeOf(request, options), key, facts)
    const job = { jobType, jobKey }
    if (options.fingerprint === undefined && isUnread(facts)) return this.#refuse(job, NOT_READ, 'bypassed')
    const fingerprint = await fingerprintFor(request, facts, options)
    const start = fingerprint === undefined ? options.start : { ...options.start, fingerprint }
    let outcome: BeginOutcome
    try {
      outcome = await this.#claim(jobType, jobKey, start, signal)
    } catch (error) {
      return this.#judgeError(job, facts, error)
    }
    return this.#judgeOutcome(job, key, outcome)
  }

  /** Waits for the execution of another request, where that is asked for and not too many wait already. */
  async #claim(
    jobType: string,
    jobKey: string,
    start: StartOptions,
    signal: AbortSignal | undefined,
  ): Promise<BeginOutcome> {
    const { wait } = this.#options
    const name = `${jobType}\n${jobKey}`
    const before = this.#waiting.get(name) ?? 0
    if (wait === undefined || before >= wait.maxWaiters)
      return this.#idempotency.begin(jobType, jobKey, start)
    this.#waiting.set(name, before + 1)
    try {
      const waiting = { ...start, onInProgress: 'wait', waitMs: wait.maxMs, signal } as const
      return await this.#idempotency.begin(jobType, jobKey, waiting)
    } finally {
      const after = (this.#waiting.get(name) ?? 1) - 1
      if (after > 0) this.#waiting.set(name, after)
      else this.#waiting.delete(name)
    }
  }

  #judgeOutcome(job: RequestedJob, key: string, outcome: BeginOutcome): HttpDecision {
    switch (outcome.status) {
      case 'started': {
        const exchange = new Exchange(key, outcome.execution, this.#options)
        const { settled } = exchange
        this.#open.add(settled)
        void settled.then(() => this.#open.delete(settled))
        return { action: 'proceed', exchange }
      }
      case 'replayed': {
        const { snapshot } = outcome
        const stored = outcome.result as StoredResponse | undefined
        if (stored !== undefined && !isReadable(stored))
          return this.#refuse(
            job,
            UNREADABLE,
            'bypassed',
            new RecordUnreadableError('has an answer of a newer version'),
          )
        if (stored === undefined || 'omitted' in stored)
          return this.#refuse(job, notStored(stored, snapshot), 'replayed')
        const { executionId } = snapshot
        publish(() => ({ type: 'replayed', ...job, executionId, status: stored.status }))
        return this.#answer(replayOf(stored, snapshot, this.#options.statusHeader), 'replayed')
      }
      case 'inProgress': {
        const seconds = Math.ceil(outcome.snapshot.leaseRemainingMs / 1_000)
        return this.#refuse(job, inProgress(Math.min(5, Math.max(1, seconds))), 'in-flight')
      }
      case 'mismatch':
        return this.#refuse(job, REUSED, 'mismatch')
      case 'failedBefore':
        return this.#refuse(job, failedBefore(outcome.snapshot, outcome.retryAfterMs), 'replayed')
    }
  }

  #judgeError(job: RequestedJob, { body }: HttpRequestFacts, error: unknown): HttpDecision {
    const { fingerprint, onStorageUnavailable } = this.#options
    const code = HoldfastError.isInstance(error) ? error.code : undefined
    if (code === 'WAIT_ABORTED') return this.#refuse(job, inProgress(1), 'in-flight')
    // A body that has no fingerprint is the client's error (400), not ours.
    if (code === 'INVALID_ARGUMENT' && fingerprint === undefined && isIncomparableJson(body))
      return this.#refuse(job, NOT_COMPARABLE, 'bypassed')
    if (code === 'RECORD_UNREADABLE') return this.#refuse(job, UNREADABLE, 'bypassed', error)
    if (code === undefined || !NO_ANSWER.has(code)) throw error
    return onStorageUnavailable === 'open'
      ? this.#bypass(job, 'storageUnavailable', error)
      : this.#refuse(job, UNAVAILABLE, 'bypassed', error)
  }

  #answer(response: HttpResponse, status: string): HttpDecision {
    const headers = { ...response.headers, ...this.#statusHeader(status) }
    return { action: 'answer', response: { ...response, headers } }
  }

  #refuse(job: RequestedJob, problem: Problem, status: string, error?: unknown): HttpDecision {
    const response = problemResponse(problem, this.#options.problems)
    const { code } = problem
    publish(() => ({ type: 'refused', ...job, code, status: response.status, ...withError(error) }))
    return this.#answer(response, status)
  }

  #bypass(job: RequestedJob, reason: BypassReason, error?: unknown): HttpDecision {
    publish(() => ({ type: 'bypassed', ...job, reason, ...withError(error) }))
    return { action: 'bypass', reason, headers: this.#statusHeader('bypassed') }
  }

  #statusHeader(status: string): HttpResponseHeaders {
    return this.#options.statusHeader ? { 'idempotency-status': status } : {}
  }
}

/** With these the storage has not said whether the key is free. */
const NO_ANSWER: ReadonlySet<string> = new Set(['STORAGE_UNAVAILABLE', 'STORAGE_REFUSED', 'CLOSED'])
