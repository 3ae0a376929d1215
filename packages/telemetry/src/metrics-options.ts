import { type OptionTable, type Resolved, checkFunction, integer } from '@holdfast/core/storage'
import { lockPatternOf } from './lock-pattern.ts'

/** How metrics are labelled, by either bridge. */
export interface MetricsOptions {
  /**
   * What the label `lock`, and spans of a lock, say of the lock's name. Return as few different values as your alerts need, and
   * nothing that identifies a person.
   * @default what follows the first `:` or `/` becomes `*`; before it, each UUID and each word with a digit in it
   */
  readonly lockPattern?: ((name: string) => string) | undefined
  /**
   * How many values a label has that the application names freely (job types, patterns of locks, namespaces); those that
   * come later are counted as `other`.
   * @default 100
   */
  readonly maxLabelValues?: number | undefined
}

export const METRICS_OPTIONS: OptionTable<MetricsOptions> = {
  lockPattern: [checkFunction, lockPatternOf],
  maxLabelValues: [integer(1, 10_000), 100],
}

export type ResolvedMetricsOptions = Resolved<MetricsOptions>
