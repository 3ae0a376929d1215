export { type AdapterSettings, checkAdapterSettings } from './adapter-settings.ts'
export { type Collected, collectStream } from './collect.ts'
export type { BypassReason, HttpIdempotencyEvent, Recorded } from './events.ts'
export { type HttpExchange, type HttpExecution, HttpFailureError } from './exchange.ts'
export { IncomparableBody, type ReadFile, type ReceivedForm, comparableBody, isForm } from './form.ts'
export { type HttpHandledRequest, createHandledRequest, currentHandledRequest } from './handled-request.ts'
export { type HttpRequestHeaders, type NodeMessage, messageHasBody } from './headers.ts'
export { type HealthView, type HealthViewOptions, healthView, whyNoCache, whyNotUp } from './health-view.ts'
export {
  type HttpBeginOptions,
  type HttpDecision,
  type HttpIdempotency,
  createHttpIdempotency,
} from './http-idempotency.ts'
export { MAX_KEY_BYTES, type ParsedKey, parseIdempotencyKey } from './idempotency-key.ts'
export { type DescribedAnswer, KEY_DESCRIPTION, PROBLEM_ANSWERS } from './openapi.ts'
export { type HttpIdempotencyOptions, overDefaults } from './options.ts'
export type { ProblemCode, ProblemDocument, ProblemOptions } from './problems.ts'
export type { JudgedResponse, ReplayPolicy, Verdict } from './replay-policy.ts'
export {
  type HttpRequestFacts,
  type StandardFingerprint,
  jobKeyOf,
  jobTypeOf,
  standardFingerprint,
} from './request.ts'
export {
  type CapturedBody,
  type CapturedResponse,
  type HttpResponse,
  type HttpResponseHeaders,
  type StoredResponse,
  capturedBody,
} from './response.ts'
export { type Connected, whileConnected } from './while-connected.ts'
