import { type EventChannel, eventChannel } from '@holdfast/core/storage'

/** Published on `holdfast:hangfire` by each server. */
export type HangfireServerEvent = {
  /** The server, as it announced itself in Redis. */
  readonly server: string
  /** When it happened, by the wall clock of this process: milliseconds since 1970. */
  readonly at: number
} &
  /** The server is in Redis, and takes jobs. */
  (
    | { readonly type: 'announced' }
    /** It has ended, and is no longer in Redis. */
    | { readonly type: 'stopped' }
    /** A job has ended its run: `state` is what became of it. */
    | { readonly type: 'ran'; readonly id: string; readonly state: string; readonly error?: unknown }
    /** A job is no longer this server's, or may not be; its signal is aborted. `error` says why. */
    | { readonly type: 'jobLost'; readonly id: string; readonly error: unknown }
    /** No handler is registered for a call that lies in a served queue. */
    | { readonly type: 'unknownJob'; readonly id: string; readonly queue: string; readonly call: string }
    /** Redis did not answer, or refused, what the server does beside its jobs; it tries again. */
    | { readonly type: 'troubled'; readonly doing: string; readonly error: unknown }
  )

const events: EventChannel<HangfireServerEvent> = eventChannel('holdfast:hangfire')

type News = HangfireServerEvent extends infer Event
  ? Event extends HangfireServerEvent
    ? Omit<Event, 'server' | 'at'>
    : never
  : never

export type Publish = (news: News) => void

export function publisherOf(server: string): Publish {
  return (news) => events.publish(() => ({ ...news, server, at: Date.now() }) as HangfireServerEvent)
}
