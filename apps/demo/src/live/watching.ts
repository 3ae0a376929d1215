import type { ExecutionSnapshot, Holdfast } from '@holdfast/core'
import { hostNow } from '../clock.ts'
import type { AttemptNews, Work } from '../events/page-event.ts'
import type { Telling } from '../instances/telling.ts'
import type { News } from './news.ts'

type Seen = Extract<AttemptNews, { readonly type: 'attempt.seen' }>

/** The observer: it runs nothing, and sees every execution, also one whose owner has fallen silent. */
export interface Watching {
  /** Follows the work until it has ended; harmless when it does already. */
  follow(work: Work): void
  /** An owner has renewed its lease. A mere renewal wakes no watcher, so the owner's own event says it. */
  renewed(telling: Extract<Telling, { readonly kind: 'renewed' }>): void
  close(): Promise<void>
}

/** @param onSnapshot learns every state of every work that is followed */
export function createWatching(
  { idempotency }: Holdfast,
  news: News,
  onSnapshot: (snapshot: ExecutionSnapshot) => void,
): Watching {
  const ending = new AbortController()
  const followed = new Map<string, Promise<void>>()
  const latest = new Map<string, Seen>()

  const show = (at: number, seen: Seen): void => {
    latest.set(seen.executionId, seen)
    news.emit({ at, source: 'observer', ...seen })
  }
  const see = (snapshot: ExecutionSnapshot): void => {
    const { executionId, progressPercentage, progressMessage, leaseRemainingMs, stalled, status } = snapshot
    const at = hostNow()
    const end = at + leaseRemainingMs
    // A state that arrives late knows nothing of a renewal after it.
    const known = stalled || status !== 'executing' ? 0 : (latest.get(executionId)?.leaseEndsAt ?? 0)
    show(at, {
      type: 'attempt.seen',
      executionId,
      percent: progressPercentage,
      message: progressMessage,
      leaseEndsAt: Math.max(end, known),
      stalled,
    })
    onSnapshot(snapshot)
    if (status !== 'executing') latest.delete(executionId)
  }
  const follow = async ({ jobType, jobKey }: Work): Promise<void> => {
    let before = ''
    for await (const snapshot of idempotency.watch(jobType, jobKey, { signal: ending.signal })) {
      // Another execution has taken over.
      if (snapshot.executionId !== before) latest.delete(before)
      before = snapshot.executionId
      see(snapshot)
    }
  }

  return {
    follow(work) {
      const name = `${work.jobType} ${work.jobKey}`
      if (ending.signal.aborted || followed.has(name)) return
      const following = follow(work)
        .catch((error: Error) => news.log('error', `${name} cannot be watched: ${error.message}`))
        .finally(() => void followed.delete(name))
      followed.set(name, following)
    },
    renewed({ executionId, at, leaseEndsAt }) {
      const known = latest.get(executionId)
      // One that was frozen tells late what is long over.
      if (known !== undefined && leaseEndsAt > known.leaseEndsAt)
        show(at, { ...known, leaseEndsAt, stalled: false })
    },
    async close() {
      ending.abort()
      await Promise.all(followed.values())
    },
  }
}
