import type { LabelWish } from './labels.ts'
import type { Item, Shape } from './shapes.ts'

/** What one row gives to the picture. */
export interface RowContent {
  readonly shapes: readonly Shape[]
  readonly wishes: readonly LabelWish[]
  readonly items: readonly Item[]
  readonly tracks: ReadonlyMap<string, number>
  readonly trackCount: number
}

export const TRACK = 28
export const BAR = 20

/** A row has at most so many tracks for bars; what does not fit is counted on one more. */
export const MAX_TRACKS = 6

/** With the fence, at a bar's left end. */
export const TAB = 17

/** The top of a bar on that track. */
export function barY(top: number, track: number): number {
  return top + track * TRACK + (TRACK - BAR) / 2
}

/** The middle of that track. */
export function middleY(top: number, track: number): number {
  return top + track * TRACK + TRACK / 2
}

/** Above and below the tracks of a row, together. */
export const ROW_PADDING = 8
