import type { PageNews, Work } from '../../../src/events/page-event.ts'
import type { WorldEvent } from '../../../src/live/world.ts'

type AttemptOutcome = Extract<PageNews, { type: 'attempt.ended' }>['outcome']

export interface AttemptTold {
  readonly id: string
  readonly instance: string
  readonly work: Work
  readonly fence: number
  /** Seconds of the story; without an end it still runs, and with `silent` nobody says that it ended. */
  readonly from: number
  readonly to?: number
  readonly silent?: boolean
  readonly attempt?: number
  readonly callId?: string
  readonly parent?: string
  readonly after?: { readonly id: string; readonly instance: string; readonly percent: number }
  readonly percent?: number
  readonly outcome?: AttemptOutcome
}

export interface Telling {
  readonly tell: (second: number, source: string, news: PageNews) => void
  readonly ask: (second: number, instance: string, callId: string, work: Work, parent?: string) => void
  readonly answer: (
    second: number,
    instance: string,
    callId: string,
    outcome: Extract<PageNews, { type: 'call.answered' }>['outcome'],
    tookMs: number,
  ) => void
  readonly attempt: (told: AttemptTold) => void
  readonly log: (second: number, instance: string, message: string, executionId?: string) => void
  /** In the order in which it happened. */
  readonly events: () => readonly WorldEvent[]
}

/** Makes events of a story whose second 0 was at `origin`. */
export function telling(origin: number): Telling {
  const events: WorldEvent[] = []
  const tell: Telling['tell'] = (second, source, news) => {
    events.push({ at: origin + second * 1_000, source, ...news })
  }
  return {
    tell,
    ask: (second, instance, callId, work, parent) =>
      tell(second, instance, {
        type: 'call.asked',
        callId,
        ...work,
        policy: 'wait',
        parentExecutionId: parent ?? null,
      }),
    answer: (second, instance, callId, outcome, tookMs) =>
      tell(second, instance, {
        type: 'call.answered',
        callId,
        outcome,
        executionId: null,
        tookMs,
        code: outcome === 'noRedis' ? 'STORAGE_UNAVAILABLE' : null,
        message: '',
      }),
    attempt: (told) => tellAttempt(tell, origin, told),
    log: (second, instance, message, executionId) =>
      tell(second, instance, {
        type: 'log',
        instance,
        level: 'info',
        message,
        executionId: executionId ?? null,
        jobType: null,
        jobKey: null,
      }),
    events: () => events.toSorted((a, b) => a.at - b.at),
  }
}

function tellAttempt(tell: Telling['tell'], origin: number, told: AttemptTold): void {
  const { id, instance, work, fence, from, to, after, attempt = 1, percent = 100 } = told
  const row = { ...work, executionId: id, attempt, instance, detail: '' }
  tell(from, instance, {
    type: 'attempt.started',
    ...work,
    executionId: id,
    callId: told.callId ?? null,
    attempt,
    fencingToken: fence,
    leaseMs: 5_000,
    parentExecutionId: told.parent ?? null,
    takenOverFrom: after?.id ?? null,
    takenOverFromInstance: after?.instance ?? null,
    fromPercent: after?.percent ?? 0,
  })
  tell(from + 0.01, 'database', { type: 'row', event: 'begin', ...row })
  tell((to ?? from) - 0.1, 'observer', {
    type: 'attempt.seen',
    executionId: id,
    percent,
    message: 'Analyse',
    leaseEndsAt: origin + ((to ?? from) + 5) * 1_000,
    stalled: false,
  })
  if (to === undefined || told.silent === true) return
  tell(to, instance, {
    type: 'attempt.ended',
    executionId: id,
    outcome: told.outcome ?? 'completed',
    reason: null,
    message: null,
    ranMs: (to - from) * 1_000,
  })
  if (told.outcome !== undefined) return
  tell(to - 0.05, 'database', { type: 'row', event: 'end', ...row })
  tell(to - 0.05, 'database', {
    type: 'effect.saved',
    ...work,
    effect: 'findings',
    instance,
    fencingToken: fence,
  })
}
