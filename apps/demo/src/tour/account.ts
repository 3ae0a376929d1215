import type { PageNews, Work } from '../events/page-event.ts'
import type { WorldEvent } from '../live/world.ts'

type Of<Type extends PageNews['type']> = Extract<WorldEvent, { readonly type: Type }>

/** One start, and how it ended. */
export interface Call {
  readonly asked: Of<'call.asked'>
  /** The instance that was asked. */
  readonly instance: string
  /** What it waited for. */
  readonly waiting: Of<'call.waiting'> | undefined
  readonly answer: Of<'call.answered'> | undefined
}

/** What is known of one piece of work, by who says so. */
export interface Account {
  /** Of callers; what jobs start is not among them. */
  readonly calls: readonly Call[]
  /** In the order of their fences. */
  readonly attempts: readonly Of<'attempt.started'>[]
  /** Of the database. */
  readonly begins: readonly Of<'row'>[]
  readonly ends: readonly Of<'row'>[]
  readonly saved: readonly Of<'effect.saved'>[]
  readonly refused: readonly Of<'effect.refused'>[]
}

export function accountOf(events: readonly WorldEvent[], work: Work): Account {
  const about = ofType(events)
  const isOfWork = ({ jobType, jobKey }: Work): boolean => jobType === work.jobType && jobKey === work.jobKey
  const rows = about('row').filter(isOfWork)
  return {
    calls: callsIn(events).filter(({ asked }) => isOfWork(asked) && asked.parentExecutionId === null),
    attempts: about('attempt.started')
      .filter(isOfWork)
      .toSorted((one, other) => one.fencingToken - other.fencingToken),
    begins: rows.filter(({ event }) => event === 'begin'),
    ends: rows.filter(({ event }) => event === 'end'),
    saved: about('effect.saved').filter(isOfWork),
    refused: about('effect.refused').filter(isOfWork),
  }
}

/** Of callers and of jobs. */
export function callsIn(events: readonly WorldEvent[]): readonly Call[] {
  const about = ofType(events)
  const waiting = new Map(about('call.waiting').map((event) => [event.callId, event]))
  const answers = new Map(about('call.answered').map((event) => [event.callId, event]))
  return about('call.asked').map((asked) => ({
    asked,
    instance: asked.source,
    waiting: waiting.get(asked.callId),
    answer: answers.get(asked.callId),
  }))
}

/** The last that the observer saw of an execution. */
export function lastSeen(events: readonly WorldEvent[], executionId: string): Of<'attempt.seen'> | undefined {
  return ofType(events)('attempt.seen').findLast((event) => event.executionId === executionId)
}

/** The number that a bar of the picture shows: 1 for the smallest fence of its work. */
export function rankOf({ attempts }: Account, fencingToken: number): number {
  return attempts.filter((attempt) => attempt.fencingToken <= fencingToken).length
}

export function ofType(events: readonly WorldEvent[]) {
  return <Type extends PageNews['type']>(type: Type): readonly Of<Type>[] =>
    events.filter((event): event is Of<Type> => event.type === type)
}
