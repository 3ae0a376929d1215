import { AggregatorRegistry, type Registry } from 'prom-client'
import type { Measures } from '../instances/measures.ts'

/**
 * What is measured in this process, and in the instances, as one text: a measure that several have is named once in it, as the
 * format asks. That of an instance has the label `instance`.
 */
export async function scrape(register: Registry, instances: readonly Measures[]): Promise<string> {
  const all = [await register.getMetricsAsJSON(), ...instances]
  // The aggregator would leave out what has no sum, but by their labels no two of these are the same.
  const kept = all.map((metrics) => metrics.map((metric) => ({ ...metric, aggregator: 'sum' as const })))
  return await AggregatorRegistry.aggregate(kept).metrics()
}
