import { type Channel, channel, tracingChannel } from 'node:diagnostics_channel'

/**
 * Core's events, through `node:diagnostics_channel`: subscribe by name, bridge to any logger, metric
 * or tracer. Without a subscriber, no event is built.
 */
export interface EventChannel<E> {
  /** The name to subscribe to: `diagnostics_channel.subscribe(name, (event) => …)`. */
  readonly name: string
  /** Builds and publishes the event if anybody listens. A throwing listener cannot hurt the caller. */
  publish(event: () => E): void
}

/** An event channel of `node:diagnostics_channel`: an event is built only when something listens. */
export function eventChannel<E>(name: string): EventChannel<E> {
  const target: Channel = channel(name)
  return {
    name,
    publish: (event) => {
      if (target.hasSubscribers) target.publish(event())
    },
  }
}

/**
 * The tracing channels of a long operation: `tracing:holdfast:<operation>:start`, `:end`, `:asyncStart`, `:asyncEnd` and
 * `:error`, as `diagnostics_channel.tracingChannel('holdfast:<operation>')` has them. A tracer that binds its store to
 * `start` finds it in everything that the operation does.
 *
 * Ask `traced` first, so that nothing is built without a listener:
 *
 *     if (!acquisitions.traced) return acquire(name)
 *     return acquisitions.trace({ name }, () => acquire(name))
 */
export interface TracedOperation<C extends object> {
  /** The name to listen to: `diagnostics_channel.tracingChannel(name)`. */
  readonly name: `holdfast:${string}`
  /** Whether anybody listens to any of the five. */
  readonly traced: boolean
  /** Settles as `operation` does. All events of one call get the one object `context`. */
  trace<T>(context: C, operation: () => Promise<T>): Promise<T>
}

/** What a tracing channel publishes: the context of the call, and how it ended as soon as it has. */
export type Trace<C extends object> = C & { readonly result?: unknown; readonly error?: unknown }

export function tracedOperation<C extends object>(operation: string): TracedOperation<C> {
  const name = `holdfast:${operation}` as const
  const channels = tracingChannel<unknown, C>(name)
  return {
    name,
    get traced() {
      return channels.hasSubscribers
    },
    trace: (context, run) => channels.tracePromise(run, context),
  }
}
