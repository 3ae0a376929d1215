import { InvalidArgumentError, type TraceContextHooks } from '@holdfast/core'
import { resolveOptions } from '@holdfast/core/storage'
import { metrics, trace } from '@opentelemetry/api'
import type { Bridge } from '../bridge.ts'
import { Subscriptions } from '../subscriptions.ts'
import { JobSpans } from './job-spans.ts'
import { listenToLoads } from './load-spans.ts'
import { LockSpans } from './lock-spans.ts'
import { listenForMetrics } from './metric-instruments.ts'
import { OPENTELEMETRY, type OpenTelemetryOptions } from './opentelemetry-options.ts'

export interface OpenTelemetryBridge extends Bridge {
  /**
   * For `createHoldfast({ idempotency: { traceContext } })`: the span of each execution is stored with it, and the span of
   * the attempt after it links to that, in whichever process it runs.
   */
  readonly traceContext: TraceContextHooks
}

/** Of all copies of this package in the process: two would count everything twice. */
const RUNNING = Symbol.for('@holdfast/telemetry/opentelemetry')
const shared = globalThis as { [RUNNING]?: boolean }

const SCOPE = '@holdfast/telemetry'

/**
 * Makes spans and measures, of every Holdfast of this process from now on: start it after the SDK is set up, and before the
 * first `createHoldfast`.
 *
 * @throws InvalidArgumentError for a wrong option, and while a bridge that was started before is not stopped
 */
export function startOpenTelemetry(options: OpenTelemetryOptions = {}): OpenTelemetryBridge {
  const resolved = resolveOptions(OPENTELEMETRY, options)
  if (shared[RUNNING] === true) {
    throw new InvalidArgumentError(
      'OpenTelemetry is started already: stop() the bridge that was started before.',
    )
  }
  const {
    tracerProvider = trace.getTracerProvider(),
    meterProvider = metrics.getMeterProvider(),
    keys,
  } = resolved
  const tracer = tracerProvider.getTracer(SCOPE)
  const subscriptions = new Subscriptions()
  const jobs = new JobSpans(tracer, keys)
  try {
    // Spans first: what makes a metric finds the span of its call.
    jobs.listen(subscriptions)
    new LockSpans(tracer, keys, resolved.lockPattern).listen(subscriptions)
    listenToLoads(subscriptions, tracer, keys)
    listenForMetrics(subscriptions, meterProvider.getMeter(SCOPE), resolved)
  } catch (error) {
    // A meter that throws: the next attempt would make each span twice.
    subscriptions.end()
    throw error
  }
  shared[RUNNING] = true
  subscriptions.add(() => (shared[RUNNING] = false))
  return { traceContext: jobs.hooks, stop: () => subscriptions.end() }
}
