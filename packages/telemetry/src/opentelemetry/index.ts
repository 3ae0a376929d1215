/** `@holdfast/telemetry/opentelemetry`: spans and metrics through the API of OpenTelemetry, to whichever SDK is set up. */
export type { OpenTelemetryOptions } from './opentelemetry-options.ts'
export { type OpenTelemetryBridge, startOpenTelemetry } from './start-opentelemetry.ts'
export type { MetricsOptions } from '../metrics-options.ts'
export type { Bridge } from '../bridge.ts'
