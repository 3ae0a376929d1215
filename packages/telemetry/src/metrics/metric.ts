/** In which way a metric counts. `counter`: only grows; `gauge`: what is now; `histogram`: how long things took. */
export type MetricKind = 'counter' | 'gauge' | 'histogram'

/** A metric, and of which events it is made. */
export interface Metric {
  readonly kind: MetricKind
  /** The name in OpenTelemetry. Prometheus' name follows from it: see `prometheusName`. */
  readonly name: `holdfast.${string}`
  /** By UCUM, as OpenTelemetry writes units. */
  readonly unit: string
  readonly labels: readonly Label[]
  readonly help: string
  /** The channels and events that make it. */
  readonly from: string
  /** Bounds of a histogram's buckets, in seconds. */
  readonly buckets?: readonly number[]
}

/**
 * All labels. None is the key of a job or of the cache; `lock` is a pattern of the lock's name (`lock-pattern.ts`). Of what an
 * application names freely, each has a bounded number of values (`bounded-labels.ts`).
 */
export type Label =
  | 'job_type'
  | 'lock'
  | 'cache'
  | 'prefix'
  | 'storage'
  | 'outcome'
  | 'reason'
  | 'kind'
  | 'code'
  | 'label'
  | 'state'

/** Bounds of buckets, in seconds: for what should be quick. */
export const QUICK: readonly number[] = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30]
/** For what may take an hour. */
export const LONG: readonly number[] = [0.01, 0.05, 0.1, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 1_800, 3_600]
/** For waits of callers. */
export const WAITS: readonly number[] = [0.001, 0.005, 0.025, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300]

/** The name as OpenTelemetry's exporters write it for Prometheus: `holdfast.job.duration` in `s` is `holdfast_job_duration_seconds`. */
export function prometheusName({ name, kind, unit }: Metric): string {
  const base = name.replaceAll('.', '_')
  if (kind === 'counter') return `${base}_total`
  return unit === 's' ? `${base}_seconds` : base
}
