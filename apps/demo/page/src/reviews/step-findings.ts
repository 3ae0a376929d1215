import type { ReviewView } from '../../../src/events/snapshot.ts'
import { inOrder } from './diff-rows.ts'

/** A finding by its file, and its number among that file's findings in reading order. */
export interface FindingPlace {
  readonly file: number
  readonly number: number
}

/** All findings of a review, in the order in which `n` goes through them. */
export function findingPlaces(review: ReviewView): readonly FindingPlace[] {
  return review.files.flatMap((view, file) => inOrder(view).map((_, number) => ({ file, number })))
}

/** The file that is shown first: the one with the worst that was found. */
export function worstFile({ files }: ReviewView): number {
  const worst =
    files.find(({ errors }) => errors > 0) ??
    files.find(({ warnings }) => warnings > 0) ??
    files.find(({ findings }) => findings.length > 0)
  return worst === undefined ? 0 : files.indexOf(worst)
}

/**
 * The finding after or before the one that is current, round and round. Without one: the first of the shown file or of the next
 * that has any; backwards the last before it.
 */
export function stepFinding(
  places: readonly FindingPlace[],
  current: FindingPlace | null,
  shownFile: number,
  by: 1 | -1,
): FindingPlace | null {
  if (places.length === 0) return null
  const at = places.findIndex(({ file, number }) => file === current?.file && number === current.number)
  if (at !== -1) return places[(at + by + places.length) % places.length] ?? null
  return by === 1
    ? (places.find(({ file }) => file >= shownFile) ?? places[0] ?? null)
    : (places.findLast(({ file }) => file < shownFile) ?? places.at(-1) ?? null)
}
