import { AsyncLocalStorage } from 'node:async_hooks'
import { type Attributes, type Context, type Span, type Tracer, context, trace } from '@opentelemetry/api'

/** A span of ours, and the context in which what it covers runs. */
export interface Frame {
  readonly span: Span
  readonly context: Context
  /** Of what was active around it. */
  readonly around: Context
}

/**
 * The span of ours that is active. Bound to a tracing channel, it makes the span active in OpenTelemetry as well, whose own
 * store only its context manager can set.
 */
export class ActiveSpan<F extends Pick<Frame, 'context'>> extends AsyncLocalStorage<F | undefined> {
  override run<R, Args extends unknown[]>(
    frame: F | undefined,
    callback: (...args: Args) => R,
    ...args: Args
  ): R {
    const inside = (): R =>
      frame === undefined ? callback(...args) : context.with(frame.context, callback, undefined, ...args)
    return super.run(frame, inside)
  }
}

/** Begins a span below what is active now. */
export function beginFrame(tracer: Tracer, name: string, attributes: Attributes): Frame {
  const around = context.active()
  const span = tracer.startSpan(name, { attributes }, around)
  return { span, around, context: trace.setSpan(around, span) }
}

/** Makes the span of a frame active below what is active now. */
export function reentered<F extends Frame>(frame: F): F {
  return { ...frame, context: trace.setSpan(context.active(), frame.span) }
}
