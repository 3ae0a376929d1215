/** What the bridges measure. Each bridge is an entry: `/opentelemetry`, `/prometheus`, `/pino`. */
export { METRICS, type MetricId } from './metrics.ts'
export { type Label, type Metric, type MetricKind, prometheusName } from './metrics/metric.ts'
