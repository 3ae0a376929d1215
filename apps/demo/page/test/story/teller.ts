import type { AttemptNews, CallOutcome, PageEvent, PageNews, Work } from '../../../src/events/page-event.ts'
import { eventMaker } from '../event-maker.ts'

/** Tells a story in seconds since its beginning. Events come out in order of time. */
export interface Teller {
  readonly say: (seconds: number, source: string, news: PageNews) => void
  /** A start, and its answer if it has one. */
  readonly start: (at: number, instance: string, work: Work, more?: StartOptions) => string
  readonly attempt: (from: number, instance: string, work: Work, more: AttemptOptions) => string
  readonly events: () => readonly PageEvent[]
}

interface StartOptions {
  readonly waitsFor?: { readonly executionId: string; readonly behind: string }
  readonly answer?: {
    readonly at: number
    readonly outcome: CallOutcome
    readonly executionId?: string | null
    readonly code?: string
  }
  readonly parent?: string
}

interface AttemptOptions {
  readonly id: string
  readonly fence: number
  readonly call?: string
  readonly to?: number
  readonly outcome?: (AttemptNews & { readonly type: 'attempt.ended' })['outcome']
  readonly takesOver?: { readonly executionId: string; readonly instance: string; readonly percent: number }
  readonly parent?: string
  /** Until when it reports; by then it has come so far. */
  readonly seenUntil?: number
  readonly percent?: number
  /** It saves what it did when it ends. */
  readonly saves?: boolean
}

const LEASE = 5

export function teller(begin: number): Teller {
  const told: { readonly at: number; readonly source: string; readonly news: PageNews }[] = []
  let calls = 0
  const say: Teller['say'] = (seconds, source, news) =>
    void told.push({ at: begin + seconds * 1_000, source, news })

  return {
    say,
    start: (at, instance, work, { waitsFor, answer, parent } = {}) => {
      calls += 1
      const callId = `call-${calls}`
      say(at, instance, {
        type: 'call.asked',
        ...work,
        callId,
        policy: waitsFor === undefined ? 'reject' : 'wait',
        parentExecutionId: parent ?? null,
      })
      if (waitsFor !== undefined) say(at + 0.01, instance, { type: 'call.waiting', callId, ...waitsFor })
      if (answer !== undefined) {
        say(answer.at, instance, {
          type: 'call.answered',
          callId,
          outcome: answer.outcome,
          executionId: answer.executionId ?? null,
          tookMs: (answer.at - at) * 1_000,
          code: answer.code ?? (answer.outcome === 'noRedis' ? 'STORAGE_UNAVAILABLE' : null),
          message: answer.outcome === 'noRedis' ? 'Redis did not answer within 2 s.' : '',
        })
      }
      return callId
    },
    attempt: (from, instance, work, more) => {
      const { id, fence, to, outcome = 'completed', takesOver, seenUntil, percent = 100, saves = true } = more
      const attempt = takesOver === undefined ? 1 : 2
      say(from, instance, {
        type: 'attempt.started',
        ...work,
        executionId: id,
        callId: more.call ?? null,
        attempt,
        fencingToken: fence,
        leaseMs: LEASE * 1_000,
        parentExecutionId: more.parent ?? null,
        takenOverFrom: takesOver?.executionId ?? null,
        takenOverFromInstance: takesOver?.instance ?? null,
        fromPercent: takesOver?.percent ?? 0,
      })
      const row = { type: 'row', ...work, executionId: id, attempt, instance, detail: '' } as const
      say(from + 0.02, 'database', { ...row, event: 'begin' })
      const until = seenUntil ?? to ?? from + 4
      const begun = takesOver?.percent ?? 0
      const stages = Math.max(1, Math.round((percent - begun) / 10))
      for (let stage = 1; stage <= stages; stage += 1) {
        const at = from + ((until - from) * stage) / (stages + 0.3)
        say(at, 'observer', {
          type: 'attempt.seen',
          executionId: id,
          percent: begun + stage * 10,
          message: 'Analyse',
          leaseEndsAt: begin + (at + LEASE) * 1_000,
          stalled: false,
        })
      }
      if (to === undefined) return id
      if (saves && outcome === 'completed') {
        say(to - 0.02, 'database', {
          type: 'effect.saved',
          ...work,
          effect: 'findings',
          instance,
          fencingToken: fence,
        })
        say(to - 0.01, 'database', { ...row, event: 'end' })
      }
      say(to, instance, {
        type: 'attempt.ended',
        executionId: id,
        outcome,
        reason: outcome === 'lost' ? 'taken over by another instance' : null,
        message: null,
        ranMs: (to - from) * 1_000,
      })
      return id
    },
    events: () => {
      const make = eventMaker()
      return told.toSorted((a, b) => a.at - b.at).map(({ at, source, news }) => make(at, source, news))
    },
  }
}
