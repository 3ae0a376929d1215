import { readFileSync } from 'node:fs'
import type { Ending, Fault, Granted, Replayed, WitnessEvent, Wrote } from './witness.ts'

/** One ownership of a key, assembled from its witnessed events. */
export interface Ownership extends Granted {
  /** Until when the owner certainly believed to own the key; undefined when it never confirmed that. */
  readonly validUntil: number | undefined
  readonly ending: Ending | undefined
  /** When the answer to the ending arrived, and whether it was accepted (null: unknown). */
  readonly ended: { readonly at: number; readonly accepted: boolean | null } | undefined
  readonly saves: readonly { readonly at: number; readonly sentAt: number; readonly accepted: boolean }[]
}

export interface History {
  /** The ownerships of each key, in the order in which their grants were seen. */
  readonly ownerships: ReadonlyMap<string, readonly Ownership[]>
  readonly replays: readonly Replayed[]
  readonly writes: readonly Wrote[]
  readonly faults: readonly Fault[]
  readonly denials: readonly { readonly key: string; readonly why: string }[]
  readonly surprises: readonly { readonly at: number; readonly what: string }[]
}

export function readWitness(path: string): WitnessEvent[] {
  // Lines do not mix, each is one write. But the last one may be half written, or its writer was killed.
  const lines = readFileSync(path, 'utf8').split('\n').slice(0, -1)
  return lines.map((line) => JSON.parse(line) as WitnessEvent)
}

export function historyOf(events: readonly WitnessEvent[]): History {
  const of = <T extends WitnessEvent['type']>(type: T): Extract<WitnessEvent, { type: T }>[] =>
    events.filter((event): event is Extract<WitnessEvent, { type: T }> => event.type === type)

  const valid = Map.groupBy(of('valid'), ({ owner }) => owner)
  const endings = Map.groupBy(of('ending'), ({ owner }) => owner)
  const endeds = Map.groupBy(of('ended'), ({ owner }) => owner)
  const saves = Map.groupBy(of('saved'), ({ owner }) => owner)
  const ownerships = of('granted').map((granted): Ownership => {
    const { owner } = granted
    const ending = endings.get(owner)?.[0]
    const until = (valid.get(owner) ?? []).map((each) => each.until ?? each.at)
    return {
      ...granted,
      // An owner that has sent its end does not claim to own the key any more.
      validUntil: until.length === 0 ? undefined : Math.min(Math.max(...until), ending?.at ?? Infinity),
      ending,
      ended: endeds.get(owner)?.[0],
      saves: saves.get(owner) ?? [],
    }
  })
  return {
    ownerships: Map.groupBy(
      ownerships.toSorted((a, b) => a.at - b.at),
      ({ key }) => key,
    ),
    replays: of('replayed'),
    writes: of('wrote'),
    faults: of('fault'),
    denials: of('denied'),
    surprises: of('surprise'),
  }
}

/**
 * Whether the nemesis made the storage forget in this span. Then acknowledged writes may be gone, unless they are
 * `durable` and the replica that had confirmed them took over.
 */
export function mayBeForgotten(history: History, from: number, to: number, durable = false): boolean {
  return history.faults.some(
    ({ losesWrites, keepsReplicated, at, until }) =>
      losesWrites === true && !(durable && keepsReplicated === true) && at <= to && from <= until,
  )
}
