import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { BreakerEvent, CacheEvent, ConnectionEvent, IdempotencyEvent, LockEvent } from '@holdfast/core'
import type { PageNews } from '../events/page-event.ts'
import { hostNow } from '../clock.ts'
import { isJobType } from '../jobs/job.ts'
import { createCacheSamples } from './cache-samples.ts'
import type { Calls } from './calls.ts'
import type { Tell } from './telling.ts'

/**
 * Forwards what core publishes in this process, as it happens. Every event is stamped here: a process that is frozen tells its
 * story late.
 *
 * @returns what ends it
 */
export function listen(instance: string, calls: Calls, tell: Tell): () => void {
  const say = (news: PageNews): void =>
    tell({ kind: 'event', event: { at: hostNow(), source: instance, ...news } })
  const samples = createCacheSamples(instance, say)
  // In one process with the observer, whose events arrive here, too.
  const ours = <E extends { readonly instance: string | null }>(hear: (event: E) => void) => {
    return (event: E): void => {
      if (event.instance === instance) hear(event)
    }
  }
  const ends = [
    on<IdempotencyEvent>('holdfast:idempotency', (event) => {
      // Those about a start name the owner that it met, which may be another instance.
      calls.heard(event)
      // What the page shows are jobs; who cleans up the database tells.
      if (event.instance === instance && isJobType(event.jobType)) hearOwner(event, say)
    }),
    on<LockEvent>(
      'holdfast:locks',
      ours(({ name, token, type: change }) => {
        tell({ kind: 'lock', name, token, instance, at: hostNow(), change })
      }),
    ),
    on<CacheEvent>('holdfast:cache', ours(samples.count)),
    on<BreakerEvent>(
      'holdfast:breaker',
      ours(({ type }) => {
        if (type === 'opened') say({ type: 'breaker', instance, state: 'open' })
        if (type === 'closed' || type === 'ended') say({ type: 'breaker', instance, state: 'closed' })
      }),
    ),
    on<ConnectionEvent>(
      'holdfast:connection',
      ours((event) => {
        if (event.type === 'ended') return
        const reason = event.type === 'lost' ? messageOf(event.error) : null
        say({ type: 'connection', instance, state: event.type, reason })
      }),
    ),
    samples.stop,
  ]
  return () => {
    for (const end of ends) end()
  }
}

function on<E>(channel: string, hear: (event: E) => void): () => void {
  const listener = (event: unknown): void => hear(event as E)
  subscribe(channel, listener)
  return () => void unsubscribe(channel, listener)
}

/** What became of an execution of this process. */
function hearOwner(event: IdempotencyEvent, say: (news: PageNews) => void): void {
  if (!isEnd(event)) return
  const { executionId, type: outcome, ranMs } = event
  const reason = event.type === 'lost' ? event.reason : null
  const message = 'error' in event ? messageOf(event.error) : null
  say({ type: 'attempt.ended', executionId, outcome, reason, message, ranMs })
}

type End = Extract<IdempotencyEvent, { readonly type: (typeof ENDS)[number] }>

const ENDS = ['completed', 'failed', 'released', 'lost', 'unconfirmed', 'abandoned'] as const

function isEnd(event: IdempotencyEvent): event is End {
  return (ENDS as readonly string[]).includes(event.type)
}

function messageOf(error: unknown): string | null {
  if (error instanceof Error) return error.message
  return typeof error === 'string' ? error : null
}
