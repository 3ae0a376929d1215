import type { LayoutInput } from './layout.ts'
import type { RowContent } from './row-content.ts'
import type { SignShape } from './shapes.ts'
import { SIGN } from './signs.ts'
import { surplusOf } from './surplus.ts'
import type { Things } from './things.ts'

const LINE = 26

/** One of many instances: a line with counts. Its exceptions are drawn over it by the parts that know them. */
export function foldedRow(input: LayoutInput, { spans }: Things, name: string, top: number): RowContent {
  const counts = surplusOf(input, spans, name, top, LINE)
  const killed = (input.model.instances.get(name)?.gone ?? []).map(({ from }): SignShape => {
    const x = input.scale.xOf(from) - SIGN / 2
    const y = top + (LINE - SIGN) / 2
    return {
      kind: 'sign',
      sign: 'killed',
      id: `k:${name}:${from}`,
      x,
      y,
      w: SIGN,
      h: SIGN,
      count: 1,
      isSelected: false,
    }
  })
  return {
    ...counts,
    // A sign stands over the counts; their number would be under it.
    wishes: counts.wishes.filter(
      ({ places: [place] }) => !killed.some(({ x }) => Math.abs((place?.x ?? 0) - x) < 40),
    ),
    shapes: [...counts.shapes, ...killed],
    tracks: new Map(),
    trackCount: 1,
  }
}
