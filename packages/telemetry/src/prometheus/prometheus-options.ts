import { type OptionTable, withMethods } from '@holdfast/core/storage'
import { type Registry, register as globalRegistry } from 'prom-client'
import { METRICS_OPTIONS, type MetricsOptions } from '../metrics-options.ts'

export interface PrometheusOptions extends MetricsOptions {
  /**
   * Where the metrics are registered; its `metrics()` is the scrape.
   * @default prom-client's global registry
   */
  readonly register?: Registry | undefined
}

export const PROMETHEUS: OptionTable<PrometheusOptions> = {
  ...METRICS_OPTIONS,
  register: [withMethods('registerMetric', 'getSingleMetric', 'removeSingleMetric'), globalRegistry],
}
