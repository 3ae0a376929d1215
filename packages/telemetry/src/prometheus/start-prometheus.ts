import { InvalidArgumentError } from '@holdfast/core'
import { resolveOptions } from '@holdfast/core/storage'
import { Counter, Gauge, Histogram, type Registry } from 'prom-client'
import type { Bridge } from '../bridge.ts'
import type { Labels } from '../folds/fold.ts'
import { measurementsOf } from '../measurements.ts'
import { METRICS, METRIC_IDS, type MetricId } from '../metrics.ts'
import { type Metric, prometheusName } from '../metrics/metric.ts'
import { Subscriptions } from '../subscriptions.ts'
import { PROMETHEUS, type PrometheusOptions } from './prometheus-options.ts'

type Instrument = Counter | Gauge | Histogram

/**
 * Measures every Holdfast of this process from now on: start it before the first `createHoldfast`.
 *
 * @throws InvalidArgumentError for a wrong option, and where the registry has a metric of one of these names already
 */
export function startPrometheus(options: PrometheusOptions = {}): Bridge {
  const resolved = resolveOptions(PROMETHEUS, options)
  const { register } = resolved
  refuseTaken(register)
  const instruments = new Map<MetricId, Instrument>()
  const measure = (metric: MetricId, value: number, labels: Labels): void => {
    const instrument = instruments.get(metric)
    if (instrument instanceof Histogram) instrument.observe(labels, value)
    else if (instrument instanceof Counter) instrument.inc(labels, value)
    else instrument?.set(labels, value)
  }
  const { folds, read } = measurementsOf(resolved, measure, performance.now())
  const subscriptions = new Subscriptions()
  let isFresh = false
  // A scrape asks all gauges in one turn: they are read once.
  const showAll = (): void => {
    if (isFresh) return
    isFresh = true
    queueMicrotask(() => (isFresh = false))
    // What is not shown any more is absent.
    for (const gauge of gauges) gauge.reset()
    subscriptions.guard(() => read(performance.now(), measure))
  }
  for (const id of METRIC_IDS) instruments.set(id, instrumentOf(METRICS[id], register, showAll))
  const gauges = [...instruments.values()].filter((each) => each instanceof Gauge)
  for (const fold of folds)
    subscriptions.on<never>(fold.channel, (event) => fold.fold(event, performance.now()))
  for (const id of METRIC_IDS)
    subscriptions.add(() => register.removeSingleMetric(prometheusName(METRICS[id])))
  return { stop: () => subscriptions.end() }
}

function instrumentOf(metric: Metric, register: Registry, showAll: () => void): Instrument {
  const { kind, help, labels, buckets = [] } = metric
  const options = { name: prometheusName(metric), help, labelNames: labels, registers: [register] }
  switch (kind) {
    case 'counter':
      return new Counter(options)
    case 'histogram':
      return new Histogram({ ...options, buckets: [...buckets] })
    case 'gauge':
      return new Gauge({ ...options, collect: showAll })
  }
}

/** Before anything is registered. Two bridges would count everything twice; a metric of the application's keeps its name. */
function refuseTaken(register: Registry): void {
  const names = METRIC_IDS.map((id) => prometheusName(METRICS[id]))
  const [taken, ...more] = names.filter((name) => register.getSingleMetric(name) !== undefined)
  if (taken === undefined) return
  const also = more.length === 0 ? '' : ` and ${more.length} more`
  throw new InvalidArgumentError(
    `The registry has ${taken}${also} already: stop() the bridge that was started before, rename a metric of your own, or give another registry as \`register\`.`,
  )
}
