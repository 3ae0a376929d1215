import { type OptionTable, type Resolved, checkBoolean, withMethods } from '@holdfast/core/storage'
import type { MeterProvider, TracerProvider } from '@opentelemetry/api'
import { METRICS_OPTIONS, type MetricsOptions } from '../metrics-options.ts'

export interface OpenTelemetryOptions extends MetricsOptions {
  /**
   * Whose tracer makes the spans.
   * @default the global one, as it is then
   */
  readonly tracerProvider?: TracerProvider | undefined
  /**
   * Whose meter measures.
   * @default the global one, as it is then: set the SDK up first
   */
  readonly meterProvider?: MeterProvider | undefined
  /**
   * Whether spans carry job keys, names of locks and keys of the cache as attributes. Metrics never do; of a lock's name, they
   * and the spans have what `lockPattern` makes of it.
   * @default true
   */
  readonly keys?: boolean | undefined
}

type Open = 'tracerProvider' | 'meterProvider'

export const OPENTELEMETRY: OptionTable<OpenTelemetryOptions, Open> = {
  ...METRICS_OPTIONS,
  tracerProvider: [withMethods('getTracer'), undefined],
  meterProvider: [withMethods('getMeter'), undefined],
  keys: [checkBoolean, true],
}

export type ResolvedOpenTelemetry = Resolved<OpenTelemetryOptions, Open>
