import type { SpanThing } from './things.ts'

export interface Packed {
  /** Track by id. */
  readonly tracks: ReadonlyMap<string, number>
  readonly count: number
}

/** Between two things on one track. */
const APART_MS = 1

/**
 * Gives each thing the first track that is free from its beginning to its end. What had a track before keeps it, a bar takes
 * that of the wait it grew out of, and a child stands below its parent.
 *
 * @param spans by their beginning
 * @param endOf when its track is free again: a sign at its end, or what is left of its lease, needs room too
 */
export function packed(
  spans: readonly SpanThing[],
  before: ReadonlyMap<string, number>,
  endOf: (span: SpanThing) => number,
): Packed {
  const tracks = new Map<string, number>()
  const busyUntil: number[] = []
  const became = new Map(
    spans.flatMap((span) => (span.kind === 'bar' && span.wait !== null ? [[span.wait, span]] : [])),
  )
  const isFree = (track: number, from: number): boolean => (busyUntil[track] ?? -Infinity) + APART_MS <= from
  for (const span of spans) {
    const inherited = span.kind === 'bar' && span.wait !== null ? tracks.get(span.wait) : undefined
    if (inherited !== undefined) {
      tracks.set(span.id, inherited)
      continue
    }
    const parent = span.parent === null ? undefined : tracks.get(span.parent)
    const lowest = parent === undefined ? 0 : parent + 1
    let track = before.get(span.id) ?? lowest
    if (track < lowest || !isFree(track, span.from)) {
      track = lowest
      while (!isFree(track, span.from)) track += 1
    }
    const follower = span.kind === 'wait' ? became.get(span.id) : undefined
    busyUntil[track] = endOf(follower ?? span)
    tracks.set(span.id, track)
  }
  return { tracks, count: busyUntil.length }
}
