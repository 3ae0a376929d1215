import type { Layout } from '../shapes.ts'
import type { TimeScale } from '../time-scale.ts'
import { AXIS, drawAxis, drawCrosshair, drawFolds, drawNow } from './axis.ts'
import { drawContent } from './content.ts'
import type { Palette } from './palette.ts'
import type { PastTiles } from './past-tiles.ts'

export interface View {
  readonly left: number
  readonly width: number
  readonly height: number
  /** Where now is, from the left edge of the view. */
  readonly nowX: number
  readonly ratio: number
  /** Now is the last that was heard, and goes no further. */
  readonly isStill: boolean
  /** A moment that other parts of the page mark. */
  readonly crosshairX: number | null
}

/** Beyond now: its line, and an edge of what lies at it. */
const BEYOND_NOW = 14

/** One frame: the past as it was painted before, what is going on at the moment, and the axis above. */
export function draw(
  context: CanvasRenderingContext2D,
  past: PastTiles,
  layout: Layout,
  scale: TimeScale,
  view: View,
  palette: Palette,
): void {
  const { left, width, ratio, nowX, crosshairX } = view
  // Halves of a pixel would blur every upright line.
  const [x, y] = [Math.round(-left * ratio), Math.round(AXIS * ratio)]
  const end = left + nowX
  context.setTransform(1, 0, 0, 1, 0, 0)
  const right = left + width + 1
  const pastEnd = past.show(context, { x, y, ratio, left, right, end }, layout, scale, palette)
  context.setTransform(ratio, 0, 0, ratio, x, y)
  if (pastEnd < right) {
    context.save()
    context.beginPath()
    context.rect(pastEnd, 0, right - pastEnd, layout.height)
    context.clip()
    drawContent(context, layout, scale, { left: pastEnd, right, end, clip: end + BEYOND_NOW }, palette)
    context.restore()
  }
  drawAxis(context, scale, view, palette)
  drawFolds(context, scale, view, palette, foldTextY(layout))
  if (crosshairX !== null) drawCrosshair(context, crosshairX, layout.height, palette)
  drawNow(context, view, layout.height, palette)
}

/** Above Redis' line; where the name of the row stands there, below it. */
function foldTextY({ rows: [redis] }: Layout): number {
  if (redis === undefined) return 8
  return redis.top > redis.h / 2 ? redis.top + 13 : redis.top - 14
}
