import type { CallOutcome } from './page-event.ts'

/** What became of one start, as its square on the page says. */
export type StartKind =
  | 'ran'
  | 'tookOver'
  | 'got'
  | 'away'
  | 'cutShort'
  | 'noRedis'
  | 'tooLate'
  | 'failed'
  | 'running'
  | 'waiting'

export type ControlOutcome = 'saved' | 'tooMany' | 'failed'

/**
 * All starts since the server began, also those that a page knows no more. Starts by jobs are not among them: no caller asked
 * for those.
 */
export interface Sums {
  readonly starts: number
  /** Pieces of work that they were of. */
  readonly works: number
  readonly kinds: Readonly<Partial<Record<StartKind, number>>>
  /** Of those that the control run has done: what its own database said of each. */
  readonly control: Readonly<Record<ControlOutcome, number>>
}

export const NO_SUMS: Sums = { starts: 0, works: 0, kinds: {}, control: { saved: 0, tooMany: 0, failed: 0 } }

/** `cutShort`: its process was gone before it got an answer. */
export type StartOutcome = CallOutcome | 'cutShort'

/** The code of an answer that came since the process of a start was gone. */
export const GONE = 'CONNECTION_LOST'

/** That its process was gone says more than that a start failed. */
export function startOutcome(outcome: CallOutcome, code: string | null): StartOutcome {
  return code === GONE ? 'cutShort' : outcome
}

const KIND_OF = {
  ran: 'ran',
  stored: 'got',
  waited: 'got',
  turnedAway: 'away',
  noRedis: 'noRedis',
  tooLate: 'tooLate',
  failed: 'failed',
  cutShort: 'cutShort',
} as const satisfies Record<StartOutcome, StartKind>

/** Until its attempt has begun, a start only waits for an answer: fifteen that were asked are not fifteen that run. */
export function startKind(outcome: StartOutcome | null, tookOver: boolean, isRunning: boolean): StartKind {
  if (outcome === null) return isRunning ? 'running' : 'waiting'
  return outcome === 'ran' && tookOver ? 'tookOver' : KIND_OF[outcome]
}
