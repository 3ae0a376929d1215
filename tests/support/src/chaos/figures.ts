import type { History } from './history.ts'

/** How much happened: proof that a run without violations has tested something. */
export interface Figures extends HistoryFigures {
  /** Worker processes, the killed ones included. */
  readonly processes: number
}

/** The counts of a history, also of an unfinished one. */
export interface HistoryFigures {
  readonly keys: number
  readonly grants: number
  /** Ownerships without an end, after which the same key was granted again. */
  readonly takeovers: number
  readonly endsAccepted: number
  readonly endsRefused: number
  readonly endsUnknown: number
  readonly replays: number
  readonly ledgerWrites: number
  readonly ledgerRefusals: number
  /** Why a caller did not get a key, by code. */
  readonly denials: Readonly<Record<string, number>>
  readonly faults: Readonly<Record<string, number>>
}

export function figuresOf(history: History): HistoryFigures {
  const grants = [...history.ownerships.values()].flat()
  const ended = (accepted: boolean | null): number =>
    grants.filter((each) => each.ended?.accepted === accepted).length
  return {
    keys: history.ownerships.size,
    grants: grants.length,
    takeovers: [...history.ownerships.values()].reduce(
      (sum, owners) => sum + owners.slice(0, -1).filter(({ ended: end }) => end?.accepted !== true).length,
      0,
    ),
    endsAccepted: ended(true),
    endsRefused: ended(false),
    endsUnknown: ended(null),
    replays: history.replays.length,
    ledgerWrites: history.writes.filter(({ accepted }) => accepted).length,
    ledgerRefusals: history.writes.filter(({ accepted }) => !accepted).length,
    denials: countsOf(history.denials.map(({ why }) => why)),
    faults: countsOf(history.faults.map(({ kind }) => kind)),
  }
}

function countsOf(words: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const word of words.toSorted()) counts[word] = (counts[word] ?? 0) + 1
  return counts
}
