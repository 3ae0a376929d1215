import type { Board } from './board.ts'
import type { LabelShape, Tone } from './shapes.ts'

/** In this order labels get their place. */
const ORDER = ['refused', 'takeover', 'killed', 'running', 'rest'] as const

/** A text that would like to be on the picture, and where it could be. */
export interface LabelWish {
  readonly importance: (typeof ORDER)[number]
  readonly tone: Tone
  readonly icon?: LabelShape['icon']
  /** In order of preference; the first that is free is taken. When none is free, only the tooltip and the table say it. */
  readonly places: readonly Place[]
}

export type Place = InsidePlace | BesidePlace

interface InsidePlace {
  readonly form: 'inside'
  readonly text: string
  readonly ground: LabelShape['ground']
  readonly x: number
  readonly y: number
  readonly w: number
  readonly h: number
  /** A longer text is cut, if enough of it can be read. */
  readonly mayBeCut: boolean
}

export interface BesidePlace {
  readonly form: 'outside' | 'pill'
  readonly text: string
  /** Its left end, its right one, or its middle. */
  readonly x: number
  readonly align: 'left' | 'right' | 'middle'
  /** Of its middle. */
  readonly y: number
}

/** How wide a text is; pills have a smaller one. */
export type Measure = (text: string, form: 'label' | 'pill') => number

const LABEL_HEIGHT = 16
const PILL_HEIGHT = 18
const PILL_PADDING = 7
const ICON_WIDTH = 14
/** What can still be read of a text that is cut. */
const CUT_WIDTH = 30

/**
 * Places labels one after the other, the more important and the later ones first. None lies on another, or on a thing.
 *
 * @param end no label beside its thing reaches beyond it, for there is nothing to read after now
 */
export function placed(
  wishes: readonly LabelWish[],
  board: Board,
  measure: Measure,
  end: number,
): readonly LabelShape[] {
  const sorted = wishes.toSorted(
    (a, b) => ORDER.indexOf(a.importance) - ORDER.indexOf(b.importance) || xOf(b) - xOf(a),
  )
  return sorted.flatMap((wish) => {
    for (const place of wish.places) {
      const label =
        place.form === 'inside' ? inside(wish, place, measure) : beside(wish, place, board, measure, end)
      if (label !== undefined) return [label]
    }
    return []
  })
}

function inside(wish: LabelWish, place: InsidePlace, measure: Measure): LabelShape | undefined {
  const { x, y, h, ground } = place
  const text = fitted(place.text, place.w, place.mayBeCut, measure)
  if (text === undefined) return undefined
  return { x, y, h, w: measure(text, 'label'), text, form: 'inside', tone: wish.tone, ground, icon: 'none' }
}

function fitted(text: string, width: number, mayBeCut: boolean, measure: Measure): string | undefined {
  if (measure(text, 'label') <= width) return text
  if (!mayBeCut || width < CUT_WIDTH) return undefined
  let end = text.length - 1
  while (end > 2 && measure(`${text.slice(0, end)}…`, 'label') > width) end -= 1
  return end > 2 ? `${text.slice(0, end).trimEnd()}…` : undefined
}

function beside(
  { tone, icon = 'none' }: LabelWish,
  { form, text, x, align, y }: BesidePlace,
  board: Board,
  measure: Measure,
  end: number,
): LabelShape | undefined {
  const isPill = form === 'pill'
  const w =
    Math.ceil(measure(text, isPill ? 'pill' : 'label')) +
    (isPill ? 2 * PILL_PADDING : 0) +
    (icon === 'none' ? 0 : ICON_WIDTH)
  const h = isPill ? PILL_HEIGHT : LABEL_HEIGHT
  const box = { x: x - w * (align === 'left' ? 0 : align === 'right' ? 1 : 0.5), y: y - h / 2, w, h }
  if (box.x + w > end || !board.isFree(box)) return undefined
  board.take(box)
  return { ...box, text, form, tone, icon, ground: 'none' }
}

function xOf({ places: [first] }: LabelWish): number {
  return first?.x ?? 0
}
