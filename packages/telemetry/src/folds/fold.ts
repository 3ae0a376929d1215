import type { MetricId } from '../metrics.ts'
import type { Label } from '../metrics/metric.ts'

export type Labels = Readonly<Partial<Record<Label, string>>>

/** Adds to a counter, or gives a histogram its next value in seconds. 0 makes a counter begin at 0. */
export type Measure = (metric: MetricId, value: number, labels: Labels) => void

/** Turns the events of one channel into measurements, and knows what is going on now. */
export interface Fold<Event = never> {
  readonly channel: `holdfast:${string}`
  /** `now`: on a monotonic clock, in milliseconds. */
  fold(event: Event, now: number): void
  /** Says what each gauge shows now. */
  read(now: number, show: Measure): void
}

/** What every fold needs. */
export interface FoldContext {
  readonly measure: Measure
  /** The value of a label that an application names freely, or `other`. */
  readonly bounded: (label: Label, value: string) => string
  /** When the bridge was started. */
  readonly startedAt: number
}

export function seconds(ms: number): number {
  return ms / 1_000
}
