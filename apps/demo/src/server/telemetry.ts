import { startOpenTelemetry } from '@holdfast/telemetry/opentelemetry'
import { startPrometheus } from '@holdfast/telemetry/prometheus'
import { type Registry, collectDefaultMetrics } from 'prom-client'

export interface Telemetry {
  readonly stop: () => void
}

/**
 * Measures what Holdfast does in this process, from now on: for a scrape, and as spans and metrics for the SDK of OpenTelemetry
 * that the user has set up (`NODE_OPTIONS='--import ./otel.mjs'`). Without one, the API of OpenTelemetry does nothing.
 */
export function startTelemetry(register: Registry): Telemetry {
  collectDefaultMetrics({ register })
  const bridges = [startPrometheus({ register }), startOpenTelemetry()]
  return {
    stop() {
      for (const bridge of bridges) bridge.stop()
    },
  }
}
