import type { Holdfast, LockView } from '@holdfast/core'
import { hostNow } from '../clock.ts'
import type { LockNews } from '../events/page-event.ts'
import type { Telling } from '../instances/telling.ts'
import { LOCK_LEASE_MS, MODEL_CALLS, MODEL_PERMITS } from '../jobs/guarded-work.ts'
import { inBackground } from './in-background.ts'
import type { News } from './news.ts'

/** A lock that changes all the time is looked at four times a second. */
const LOOK_MS = 250

/** What changes together is shown together. */
const SOON_MS = 20

/** Shows locks whenever something has changed in their line, and takes them away from their holders. */
export interface LockDesk {
  /** Shows one that no instance has taken yet. */
  show(name: string): void
  touched(telling: Extract<Telling, { readonly kind: 'lock' }>): void
  /** Whether that token held it. */
  revoke(name: string, token: string): Promise<boolean>
  close(): void
}

interface Waiter {
  readonly instance: string
  readonly since: number
}

export function createLockDesk({ locks }: Holdfast, news: News): LockDesk {
  /** By token. */
  const waiters = new Map<string, Waiter>()
  const last = new Map<string, { readonly instance: string; readonly at: number }>()
  const looked = new Map<string, number>()
  const due = new Map<string, NodeJS.Timeout>()
  let closed = false
  const lockOf = (name: string) => {
    if (name === MODEL_CALLS) return locks.semaphore(name, { permits: MODEL_PERMITS })
    return {
      permits: 1,
      inspect: () => locks.inspect(name),
      revoke: (options: { readonly token: string }) => locks.revoke(name, options),
    }
  }
  const look = async (name: string): Promise<void> => {
    due.delete(name)
    looked.set(name, hostNow())
    const { permits, inspect } = lockOf(name)
    // While Redis is away its holder is not known.
    const view = await inspect().catch(() => undefined)
    if (view === undefined || closed) return
    news.say('observer', {
      type: 'lock',
      name,
      permits,
      last: last.get(name) ?? null,
      ...lineOf(view, waiters),
    })
  }
  const lookSoon = (name: string): void => inBackground(news, `${name} was not looked at`, look(name))

  return {
    show: lookSoon,
    touched({ name, token, instance, at, change }) {
      if (change === 'waiting') waiters.set(token, { instance, since: at })
      else waiters.delete(token)
      if (change === 'granted' || change === 'released' || change === 'lost') last.set(name, { instance, at })
      if (closed || due.has(name)) return
      const sinceLast = at - (looked.get(name) ?? 0)
      const inMs = Math.min(LOOK_MS, Math.max(SOON_MS, LOOK_MS - sinceLast))
      due.set(
        name,
        setTimeout(() => lookSoon(name), inMs),
      )
    },
    revoke: async (name, token) => (await lockOf(name).revoke({ token })).length > 0,
    close() {
      closed = true
      for (const timer of due.values()) clearTimeout(timer)
    },
  }
}

function lineOf(
  { holders, queue }: LockView,
  waiters: ReadonlyMap<string, Waiter>,
): Pick<LockNews, 'holders' | 'waiting'> {
  const now = hostNow()
  return {
    holders: holders.map(({ owner, token, fencingToken, heldForMs, remainingMs }) => ({
      instance: owner,
      token,
      fencingToken,
      heldMs: heldForMs,
      leaseRemainingMs: remainingMs,
      leaseMs: LOCK_LEASE_MS,
    })),
    waiting: queue.flatMap((token) => {
      const waiter = waiters.get(token)
      return waiter === undefined ? [] : [{ instance: waiter.instance, waitedMs: now - waiter.since }]
    }),
  }
}
