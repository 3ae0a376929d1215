import type { Attributes, Counter, Histogram, Meter, Observable } from '@opentelemetry/api'
import type { Labels } from '../folds/fold.ts'
import { METRICS, METRIC_IDS, type MetricId } from '../metrics.ts'
import type { ResolvedMetricsOptions } from '../metrics-options.ts'
import { measurementsOf } from '../measurements.ts'
import type { Subscriptions } from '../subscriptions.ts'

/** Measures by the table of all metrics. */
export function listenForMetrics(
  subscriptions: Subscriptions,
  meter: Meter,
  options: ResolvedMetricsOptions,
): void {
  const counters = new Map<MetricId, Counter>()
  const histograms = new Map<MetricId, Histogram>()
  const gauges = new Map<MetricId, Observable>()
  for (const id of METRIC_IDS) {
    const { kind, name, unit, help: description, buckets = [] } = METRICS[id]
    if (kind === 'counter') counters.set(id, meter.createCounter(name, { unit, description }))
    else if (kind === 'histogram') {
      const advice = { explicitBucketBoundaries: [...buckets] }
      histograms.set(id, meter.createHistogram(name, { unit, description, advice }))
    } else if (unit.startsWith('{')) {
      // What is counted can be added up over processes; an age or a ratio cannot.
      gauges.set(id, meter.createObservableUpDownCounter(name, { unit, description }))
    } else gauges.set(id, meter.createObservableGauge(name, { unit, description }))
  }
  const measure = (metric: MetricId, value: number, labels: Labels): void => {
    const attributes = labels as Attributes
    counters.get(metric)?.add(value, attributes)
    histograms.get(metric)?.record(value, attributes)
  }
  const { folds, read } = measurementsOf(options, measure, performance.now())
  for (const fold of folds)
    subscriptions.on<never>(fold.channel, (event) => fold.fold(event, performance.now()))
  const observables = [...gauges.values()]
  const observe: Parameters<Meter['addBatchObservableCallback']>[0] = (result) => {
    subscriptions.guard(() =>
      read(performance.now(), (metric, value, labels) => {
        const gauge = gauges.get(metric)
        if (gauge !== undefined) result.observe(gauge, value, labels as Attributes)
      }),
    )
  }
  meter.addBatchObservableCallback(observe, observables)
  subscriptions.add(() => meter.removeBatchObservableCallback(observe, observables))
}
