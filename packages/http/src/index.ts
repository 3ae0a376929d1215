export {
  type AdapterSettings,
  type AppSettings,
  appSettings,
  checkAdapterSettings,
  holdfastOf,
} from './adapter-settings.ts'
export { type ConnectionLog, closeAfter, logConnection } from './app-lifecycle.ts'
export { type CaptureLimits, captureNodeResponse, endWithResponse } from './capture-node-response.ts'
export { type ReplyHead, capturedPayload } from './captured-payload.ts'
export { type ServerSentEvent, eventStream } from './event-stream.ts'
export { executionView, lockView } from './execution-view.ts'
export type { BypassReason, HttpIdempotencyEvent, Recorded } from './events.ts'
export { type HttpExchange, type HttpExecution, HttpFailureError } from './exchange.ts'
export { IncomparableBody, type ReadFile, type ReceivedForm, comparableBody, isForm } from './form.ts'
export {
  type IdempotentHandler,
  type IdempotentOptions,
  type Next,
  currentIdempotency,
  idempotent,
} from './idempotent.ts'
export { IdempotentRequest, currentIdempotentRequest } from './idempotent-request.ts'
export { type HttpRequestHeaders, type NodeMessage, messageHasBody } from './headers.ts'
export { type HealthView, type HealthViewOptions, healthView, whyNoCache, whyNotUp } from './health-view.ts'
export {
  type HttpBeginOptions,
  type HttpDecision,
  type HttpIdempotency,
  createHttpIdempotency,
} from './http-idempotency.ts'
export { MAX_KEY_BYTES, type ParsedKey, parseIdempotencyKey } from './idempotency-key.ts'
export { type NodeRequest, nodeRequestFacts } from './node-request.ts'
export {
  NODE_WRITERS,
  type NodeResponse,
  isAnswered,
  override,
  sendResponse,
  sent,
  setHeaders,
  silence,
} from './node-response.ts'
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
