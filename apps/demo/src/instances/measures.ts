import type { Registry } from 'prom-client'

/** What Holdfast measures in one process. */
export type Measures = Awaited<ReturnType<Registry['getMetricsAsJSON']>>
