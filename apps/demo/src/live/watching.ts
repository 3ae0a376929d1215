import type { ExecutionSnapshot, Holdfast } from '@holdfast/core'
import { hostNow } from '../clock.ts'
import type { AttemptNews, Work } from '../events/page-event.ts'
import { inBackground } from './in-background.ts'
import type { News } from './news.ts'

type Seen = Extract<AttemptNews, { readonly type: 'attempt.seen' }>

/** The observer: it runs nothing, and sees every execution, also one whose owner has fallen silent. */
export interface Watching {
  /** Follows the work until it has ended; harmless when it does already. */
  follow(work: Work): void
  close(): Promise<void>
}

/** A mere renewal wakes no watcher, and an owner may be too silent to tell of it: the storage is asked so often. */
const LOOK_MS = 200

/** The end of a lease is known no better: the answer of the storage takes some time. */
const BLUR_MS = 50

/** @param onSnapshot learns every state of every work that is followed */
export function createWatching(
  { idempotency }: Holdfast,
  news: News,
  onSnapshot: (snapshot: ExecutionSnapshot) => void,
): Watching {
  const ending = new AbortController()
  const followed = new Map<string, Promise<void>>()
  const latest = new Map<string, Seen>()
  /** What executes, by its name. */
  const executing = new Map<string, Work>()
  let isLooking = false

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
  const look = async (): Promise<void> => {
    if (isLooking) return
    isLooking = true
    await Promise.allSettled(
      [...executing.values()].map(async ({ jobType, jobKey }) => {
        // While Redis is away there is no answer; the watcher tells what else there is to tell.
        const snapshot = await idempotency.getExecutionStatus(jobType, jobKey)
        const known = latest.get(snapshot?.executionId ?? '')
        if (snapshot?.status !== 'executing' || snapshot.stalled || known === undefined) return
        const at = hostNow()
        const leaseEndsAt = at + snapshot.leaseRemainingMs
        if (leaseEndsAt > known.leaseEndsAt + BLUR_MS) show(at, { ...known, leaseEndsAt, stalled: false })
      }),
    )
    isLooking = false
  }
  const timer = setInterval(() => inBackground(news, 'No lease was looked at', look()), LOOK_MS)
  const follow = async (name: string, { jobType, jobKey }: Work): Promise<void> => {
    let before = ''
    for await (const snapshot of idempotency.watch(jobType, jobKey, { signal: ending.signal })) {
      // Another execution has taken over.
      if (snapshot.executionId !== before) latest.delete(before)
      before = snapshot.executionId
      if (snapshot.status === 'executing') executing.set(name, { jobType, jobKey })
      see(snapshot)
    }
  }

  return {
    follow(work) {
      const name = `${work.jobType} ${work.jobKey}`
      if (ending.signal.aborted || followed.has(name)) return
      const following = follow(name, work)
        .catch((error: Error) => news.log('error', `${name} cannot be watched: ${error.message}`))
        .finally(() => {
          followed.delete(name)
          executing.delete(name)
        })
      followed.set(name, following)
    },
    async close() {
      clearInterval(timer)
      ending.abort()
      await Promise.all(followed.values())
    },
  }
}
