/** `@holdfast/telemetry/prometheus`: the metrics in a registry of prom-client. */
export type { PrometheusOptions } from './prometheus-options.ts'
export { startPrometheus } from './start-prometheus.ts'
export type { MetricsOptions } from '../metrics-options.ts'
export type { Bridge } from '../bridge.ts'
