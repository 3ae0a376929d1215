import { plural } from '../format.ts'
import type { LabelWish } from './labels.ts'
import type { LayoutInput } from './layout.ts'
import { BAR } from './row-content.ts'
import type { CountShape, Item } from './shapes.ts'
import type { SpanThing } from './things.ts'

const COLUMN = 24

/** Things that have no track: how many there were at once, in columns of 24 px. */
export function surplusOf(
  { scale, now }: LayoutInput,
  spans: readonly SpanThing[],
  row: string,
  y: number,
  height = BAR,
): {
  readonly shapes: readonly CountShape[]
  readonly wishes: readonly LabelWish[]
  readonly items: readonly Item[]
} {
  const counts = new Map<number, { count: number; isOpen: boolean }>()
  for (const { from, to } of spans) {
    const last = Math.floor(scale.xOf(to ?? now) / COLUMN)
    for (let column = Math.floor(scale.xOf(from) / COLUMN); column <= last; column += 1) {
      const before = counts.get(column)
      counts.set(column, { count: (before?.count ?? 0) + 1, isOpen: to === null || before?.isOpen === true })
    }
  }
  const most = Math.max(1, ...[...counts.values()].map(({ count }) => count))
  const columns = [...counts].toSorted(([a], [b]) => a - b)
  const shapes = columns.map(([column, { count, isOpen }]): CountShape => ({
    kind: 'count',
    id: `n:${row}:${column}`,
    x: column * COLUMN + 1,
    y,
    w: COLUMN - 2,
    h: height,
    count,
    share: count / most,
    isOpen,
  }))
  return {
    shapes,
    wishes: shapes.map(({ x, h, w, count }) => ({
      importance: 'rest',
      tone: 'plain',
      places: [
        { form: 'inside', text: String(count), ground: 'none', x: x + 2, y, w: w - 4, h, mayBeCut: false },
      ],
    })),
    items: shapes.map(({ id, x, w, h, count }) => ({
      id,
      row,
      x,
      y,
      w,
      h,
      at: scale.timeOf(x),
      say: () => `${plural(count, 'start')} at once on ${row} for which there is no room`,
      work: null,
      isException: false,
    })),
  }
}
