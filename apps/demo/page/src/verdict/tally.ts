import { type ControlOutcome, type StartKind, startKind } from '../../../src/events/sums.ts'
import type { Model } from '../model/model.ts'

/** One square. */
export interface Start {
  readonly callId: string
  readonly kind: StartKind
  /** Null: the control run has not done it. */
  readonly control: ControlOutcome | null
}

/** What the heading says. All its numbers are the server's, of all starts: a page may have been opened a moment ago. */
export interface Tally {
  /** Those that the page knows, in order of arrival. */
  readonly starts: readonly Start[]
  /** Before those. */
  readonly earlier: number
  readonly counts: Readonly<Partial<Record<StartKind, number>>>
  readonly startCount: number
  /** Pieces of work that the starts were of, and those that have a row that says they ended. */
  readonly works: number
  readonly results: number
  /** Pieces of work that only jobs asked for. */
  readonly parts: number
  readonly control: Readonly<Record<ControlOutcome | 'untried', number>>
  readonly controlRan: boolean
}

/** Starts that jobs made themselves do not count: no other caller asked for them. */
export function tallyOf({ sums, verdict, calls, attempts, control }: Model): Tally {
  const took = new Set<string>()
  const running = new Set<string>()
  for (const { callId, takenOverFrom, endedAt } of attempts.values()) {
    if (callId !== null && takenOverFrom !== null) took.add(callId)
    if (callId !== null && endedAt === null) running.add(callId)
  }
  const starts = [...calls.values()]
    .filter(({ parentExecutionId }) => parentExecutionId === null)
    .map((call): Start => ({
      callId: call.id,
      kind: startKind(call.outcome, took.has(call.id), running.has(call.id)),
      control: control.get(call.id) ?? null,
    }))
  const ran = sums.control.saved + sums.control.tooMany + sums.control.failed
  return {
    starts,
    earlier: Math.max(0, sums.starts - starts.length),
    counts: sums.kinds,
    startCount: sums.starts,
    works: sums.works,
    results: verdict.ended,
    parts: verdict.parts,
    control: { ...sums.control, untried: Math.max(0, sums.starts - ran) },
    controlRan: ran > 0,
  }
}
