// A span for each load of a cache; what the load does runs below it.

import type { Trace, TracedLoad } from '@holdfast/core'
import type { Tracer } from '@opentelemetry/api'
import type { Subscriptions } from '../subscriptions.ts'
import { ActiveSpan, type Frame, beginFrame } from './active-span.ts'
import { markFailed } from './failure.ts'

const LOAD = 'holdfast:cache.load'

/** `keys`: whether spans carry the keys of entries. */
export function listenToLoads(subscriptions: Subscriptions, tracer: Tracer, keys: boolean): void {
  const active = new ActiveSpan<Frame>()
  const loads = new WeakMap<object, Frame>()
  subscriptions.bind<TracedLoad, Frame>(LOAD, active, (load) => {
    const cache = load.namespace === '' ? 'default' : load.namespace
    const frame = beginFrame(tracer, `cache load ${cache}`, {
      'holdfast.cache': cache,
      'holdfast.prefix': load.prefix,
      ...(keys && { 'holdfast.cache.key': load.key }),
    })
    loads.set(load, frame)
    return frame
  })
  subscriptions.on<Trace<TracedLoad>>(`tracing:${LOAD}:asyncEnd`, (load) => {
    const span = loads.get(load)?.span
    if (span === undefined) return
    // It may have thrown undefined.
    const hasFailed = 'error' in load
    if (hasFailed) markFailed(span, load.error)
    const found = load.result === undefined ? 'empty' : 'loaded'
    span.setAttribute('holdfast.cache.outcome', hasFailed ? 'failed' : found)
    span.end()
  })
  subscriptions.add(() => active.disable())
}
