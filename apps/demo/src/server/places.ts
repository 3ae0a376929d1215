import type { PageEvent } from '../events/page-event.ts'

/** Where a snapshot keeps an event. */
export interface Place {
  readonly shelf: Shelf
  /** What is kept and forgotten together: half of an attempt is of no use to a page. */
  readonly group: string
  /** News of the same slot replace each other. */
  readonly slot: string
}

/** Each has a budget for itself, so that a busy log pushes out no attempt. */
export type Shelf = 'work' | 'state' | 'samples' | 'log'

/** Columns of the page's chart are as wide. */
const SAMPLE_MS = 2_000

export function placeOf(event: PageEvent): Place {
  const { type, seq } = event
  const alone = String(seq)
  switch (type) {
    case 'call.asked':
    case 'call.waiting':
    case 'call.answered':
      return { shelf: 'work', group: `call ${event.callId}`, slot: alone }
    case 'attempt.seen':
      return { shelf: 'work', group: `execution ${event.executionId}`, slot: type }
    case 'row': {
      // Most rows are of stages, and how far an attempt came the last one says.
      const slot = event.event === 'stage' ? 'stage' : alone
      return { shelf: 'work', group: `execution ${event.executionId}`, slot }
    }
    case 'attempt.started':
    case 'attempt.ended':
      return { shelf: 'work', group: `execution ${event.executionId}`, slot: alone }
    case 'chapter.began':
    case 'chapter.ended':
      return { shelf: 'work', group: `chapter ${event.chapterId}`, slot: alone }
    case 'clean-up':
      return { shelf: 'work', group: alone, slot: alone }
    case 'lock':
      return { shelf: 'state', group: `lock ${event.name}`, slot: type }
    case 'review':
      return { shelf: 'state', group: `review ${event.id}`, slot: type }
    case 'verdict':
    case 'sums':
    case 'tour':
    case 'redis.answered':
    case 'hangfire':
      return { shelf: 'state', group: type, slot: type }
    case 'cache.sample': {
      const column = Math.floor(event.at / SAMPLE_MS)
      return { shelf: 'samples', group: `${event.instance} ${event.namespace} ${column}`, slot: type }
    }
    case 'log':
      return { shelf: 'log', group: alone, slot: alone }
    case 'effect.saved':
    case 'effect.refused':
    case 'control.ran':
    case 'instance.started':
    case 'instance.killed':
    case 'instance.exited':
    case 'instance.frozen':
    case 'instance.thawed':
    case 'instance.cut':
    case 'instance.restored':
    case 'connection':
    case 'breaker':
    case 'redis.stopped':
    case 'redis.started':
    case 'reviewer':
      return { shelf: 'work', group: alone, slot: alone }
  }
}
