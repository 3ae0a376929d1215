// What is stored with an execution: its span, as W3C Trace Context writes it. 55 bytes.

import { type SpanContext, isSpanContextValid } from '@opentelemetry/api'

const TRACEPARENT = /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/

/** Undefined without an SDK, whose spans have ids. */
export function traceparentOf(spanContext: SpanContext): string | undefined {
  if (!isSpanContextValid(spanContext)) return undefined
  const { traceId, spanId, traceFlags } = spanContext
  return `00-${traceId}-${spanId}-${traceFlags.toString(16).padStart(2, '0')}`
}

/** Undefined for what is none: another tracer may have stored it. */
export function spanContextOf(traceparent: string): SpanContext | undefined {
  const found = TRACEPARENT.exec(traceparent)
  if (found === null) return undefined
  const [, traceId = '', spanId = '', flags = ''] = found
  const spanContext = { traceId, spanId, traceFlags: Number.parseInt(flags, 16), isRemote: true }
  return isSpanContextValid(spanContext) ? spanContext : undefined
}
