import { type Span, SpanStatusCode } from '@opentelemetry/api'

/** Marks a span as failed, as the semantic conventions have it. `error` is whatever was thrown, also null. */
export function markFailed(span: Span, error: unknown): void {
  const { code, name, message } = (error ?? {}) as {
    readonly code?: unknown
    readonly name?: unknown
    readonly message?: unknown
  }
  const type = typeof code === 'string' ? code : typeof name === 'string' ? name : '_OTHER'
  span.setAttribute('error.type', type)
  span.recordException(error instanceof Error ? error : String(error))
  span.setStatus({
    code: SpanStatusCode.ERROR,
    message: typeof message === 'string' ? message : String(error),
  })
}
