import { type Channel, channel } from 'node:diagnostics_channel'

/**
 * What core tells about itself, through `node:diagnostics_channel`: subscribe by name, bridge to any logger, metric
 * or tracer. Nobody subscribed: nothing is built, nothing is paid.
 */
export interface EventChannel<E> {
  /** The name to subscribe to: `diagnostics_channel.subscribe(name, (event) => …)`. */
  readonly name: string
  /** Builds and publishes the event if anybody listens. A throwing listener cannot hurt the caller. */
  publish(event: () => E): void
}

export function eventChannel<E>(name: string): EventChannel<E> {
  const target: Channel = channel(name)
  return {
    name,
    publish: (event) => {
      if (target.hasSubscribers) target.publish(event())
    },
  }
}
