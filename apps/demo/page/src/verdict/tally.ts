import type { Call, ControlOutcome, Model } from '../model/model.ts'

/** What became of one start, as its square says. */
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

export interface Start {
  readonly callId: string
  readonly kind: StartKind
  /** Null: the control run has not done it. */
  readonly control: ControlOutcome | null
}

export interface Tally {
  /** In order of arrival; those that the page has forgotten are not among them. */
  readonly starts: readonly Start[]
  readonly counts: Readonly<Partial<Record<StartKind, number>>>
  readonly startCount: number
  /** Pieces of work that the starts were of, and those that have a row that says they ended. */
  readonly works: number
  readonly results: number
  /** Of the control run, of as many starts as it has done. */
  readonly controlTooMany: number
  readonly controlRan: boolean
}

/** Starts that jobs made themselves do not count: nobody else asked for them. */
export function tallyOf(model: Model): Tally {
  const { forgotten, calls, attempts, control } = model
  const took = new Set<string>()
  for (const { callId, takenOverFrom } of attempts.values()) {
    if (callId !== null && takenOverFrom !== null) took.add(callId)
  }
  const running = new Set(
    [...attempts.values()].flatMap(({ callId, endedAt }) =>
      callId !== null && endedAt === null ? [callId] : [],
    ),
  )
  const mine = [...calls.values()].filter(({ parentExecutionId }) => parentExecutionId === null)
  const starts = mine.map((call): Start => ({
    callId: call.id,
    kind: kindOf(call, took.has(call.id), running.has(call.id)),
    control: control.get(call.id) ?? null,
  }))
  const counts: Partial<Record<StartKind, number>> = {}
  const add = (kind: StartKind, count: number): void => {
    counts[kind] = (counts[kind] ?? 0) + count
  }
  for (const { kind } of starts) add(kind, 1)
  for (const [outcome, count] of Object.entries(forgotten.byOutcome)) {
    add(KIND_OF[outcome as keyof typeof KIND_OF], count)
  }
  const works = new Set(mine.map(({ jobType, jobKey }) => `${jobType}:${jobKey}`))
  const ended = new Set(
    model.rows
      .filter(({ event, jobType, jobKey }) => event === 'end' && works.has(`${jobType}:${jobKey}`))
      .map(({ jobType, jobKey }) => `${jobType}:${jobKey}`),
  )
  return {
    starts,
    counts,
    startCount: starts.length + forgotten.starts,
    works: works.size + forgotten.ended,
    results: ended.size + forgotten.ended,
    controlTooMany: starts.filter((each) => each.control === 'tooMany').length + forgotten.controlTooMany,
    controlRan: control.size > 0 || forgotten.controlSaved > 0,
  }
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
} as const satisfies Record<NonNullable<Call['outcome']>, StartKind>

/** Until its attempt has begun, a start only waits for an answer: fifteen that were asked are not fifteen that run. */
function kindOf({ outcome }: Call, tookOver: boolean, isRunning: boolean): StartKind {
  if (outcome === null) return isRunning ? 'running' : 'waiting'
  return outcome === 'ran' && tookOver ? 'tookOver' : KIND_OF[outcome]
}
