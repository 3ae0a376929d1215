// A span for each wait for a lock, and one for each lock that is held.

import type { LockEvent, Trace, TracedLock } from '@holdfast/core'
import { type Span, type Tracer, context } from '@opentelemetry/api'
import type { Subscriptions } from '../subscriptions.ts'
import { ActiveSpan, type Frame, beginFrame } from './active-span.ts'
import { markFailed } from './failure.ts'
import { LockRun } from './lock-run.ts'

export class LockSpans {
  readonly #tracer: Tracer
  readonly #keys: boolean
  readonly #patternOf: (name: string) => string
  readonly #active = new ActiveSpan<Frame>()
  readonly #runs = new ActiveSpan<LockRun>()
  readonly #waits = new WeakMap<object, Frame>()
  /** How it was granted, until its call has it. */
  readonly #granted = new Map<string, Extract<LockEvent, { type: 'granted' }>>()
  readonly #held = new Map<string, Span>()

  /** `keys`: whether spans carry the names of locks. */
  constructor(tracer: Tracer, keys: boolean, patternOf: (name: string) => string) {
    this.#tracer = tracer
    this.#keys = keys
    this.#patternOf = patternOf
  }

  listen(subscriptions: Subscriptions): void {
    subscriptions.bind<TracedLock, LockRun>(
      'holdfast:locks.run',
      this.#runs,
      () => new LockRun(context.active()),
    )
    const acquire = 'holdfast:locks.acquire'
    subscriptions.bind<TracedLock, Frame>(acquire, this.#active, (call) => this.#asked(call))
    subscriptions.on<Trace<TracedLock>>(`tracing:${acquire}:asyncEnd`, (call) => this.#answered(call))
    subscriptions.on<LockEvent>('holdfast:locks', (event) => this.#happened(event))
    subscriptions.add(() => {
      for (const span of this.#held.values()) span.end()
      this.#held.clear()
      this.#active.disable()
      this.#runs.disable()
    })
  }

  #asked(call: TracedLock): Frame {
    const frame = beginFrame(
      this.#tracer,
      `lock wait ${this.#patternOf(call.name)}`,
      this.#attributesOf(call),
    )
    this.#waits.set(call, frame)
    return frame
  }

  #answered(call: Trace<TracedLock>): void {
    const frame = this.#waits.get(call)
    if (frame === undefined) return
    const { span, around } = frame
    if (call.error !== undefined) markFailed(span, call.error)
    const { token } = (call.result ?? {}) as { readonly token?: string }
    const granted = token === undefined ? undefined : this.#granted.get(token)
    if (token === undefined || granted === undefined) {
      span.setAttribute('holdfast.lock.outcome', call.error === undefined ? 'skipped' : 'failed')
      span.end()
      return
    }
    this.#granted.delete(token)
    const { how, queuedMs, fencingToken } = granted
    span.setAttributes({
      'holdfast.lock.outcome': 'granted',
      'holdfast.lock.granted': how,
      'holdfast.lock.stage.queue': (queuedMs ?? 0) / 1_000,
    })
    span.end()
    const attributes = { ...this.#attributesOf(call), 'holdfast.lock.fencing_token': fencingToken }
    const name = `lock held ${this.#patternOf(call.name)}`
    const held = this.#tracer.startSpan(name, { attributes }, around)
    this.#held.set(token, held)
    this.#runs.getStore()?.granted(held)
  }

  #happened(event: LockEvent): void {
    if (event.type === 'granted') {
      this.#granted.set(event.token, event)
      return
    }
    const span = this.#held.get(event.token)
    // Its call began before the bridge did.
    if (span === undefined) {
      if (event.type !== 'renewed') this.#granted.delete(event.token)
      return
    }
    switch (event.type) {
      case 'renewalFailed':
        span.addEvent('holdfast.renewal_failed', { remaining_ms: event.remainingMs })
        return
      case 'released':
        span.setAttribute('holdfast.lock.outcome', event.outcome)
        break
      case 'lost':
        span.setAttributes({ 'holdfast.lock.outcome': 'lost', 'holdfast.lock.loss': event.reason })
        markFailed(span, event.error)
        break
      case 'releaseFailed':
        span.setAttribute('holdfast.lock.outcome', event.type)
        markFailed(span, event.error)
        break
      case 'abandoned':
        span.setAttribute('holdfast.lock.outcome', event.type)
        break
      case 'waiting':
      case 'gaveUp':
      case 'renewed':
        return
    }
    this.#held.delete(event.token)
    span.end()
  }

  #attributesOf({ name }: TracedLock): Record<string, string> {
    const pattern = { 'holdfast.lock.pattern': this.#patternOf(name) }
    return this.#keys ? { ...pattern, 'holdfast.lock.name': name } : pattern
  }
}
