import { clockOf, exactClockOf, lengthOf } from '../../format.ts'
import type { BandShape, Layout, RowBox, Shape } from '../shapes.ts'
import type { TimeScale } from '../time-scale.ts'
import { drawBand, drawRedisLine } from './bands.ts'
import { drawBar, drawCount, drawLease, drawStub, drawWait } from './bars.ts'
import { drawLabel } from './labels.ts'
import { drawLine } from './lines.ts'
import type { Palette } from './palette.ts'
import { drawSign } from './signs.ts'

export interface View {
  readonly left: number
  readonly width: number
  readonly height: number
  /** Where now is, from the left edge of the view. */
  readonly nowX: number
  readonly ratio: number
  /** A moment that other parts of the page mark. */
  readonly crosshairX: number | null
}

/** The axis above the rows. */
export const AXIS = 26

export function draw(
  context: CanvasRenderingContext2D,
  layout: Layout,
  scale: TimeScale,
  view: View,
  palette: Palette,
): void {
  const { left, width, height, ratio } = view
  context.setTransform(ratio, 0, 0, ratio, 0, 0)
  context.clearRect(0, 0, width, height)
  drawRows(context, layout.rows, width, palette)
  const isSeen = ({ x, w }: { readonly x: number; readonly w: number }): boolean =>
    x + w >= left - 40 && x <= left + width + 40

  // Halves of a pixel would blur every upright line.
  context.setTransform(ratio, 0, 0, ratio, Math.round(-left * ratio), AXIS * ratio)
  drawGrid(context, scale, view, palette, layout.height)
  context.save()
  clipBefore(context, view, layout.height)
  for (const band of layout.bands) if (isSeen(band)) drawBand(context, grown(band, left + view.nowX), palette)
  drawRedisLine(context, layout, view, palette)
  const isLineSeen = ({ x1, x2 }: { readonly x1: number; readonly x2: number }): boolean =>
    isSeen({ x: Math.min(x1, x2), w: Math.abs(x2 - x1) })
  const lines = layout.lines.filter(isLineSeen)
  for (const line of lines) if (line.kind !== 'takeover') drawLine(context, line, palette)
  const shapes = layout.shapes.filter(isSeen)
  const end = left + view.nowX
  for (const shape of shapes) drawShape(context, grown(shape, end), palette)
  for (const line of lines) if (line.kind === 'takeover') drawLine(context, line, palette)
  for (const label of layout.labels) if (isSeen(label)) drawLabel(context, label, palette)
  context.restore()
  drawFolds(context, scale, view, palette)
  drawNow(context, view, palette, layout.height)
}

/** What is under way reaches to now, which has moved since it was laid out. */
function grown<T extends Shape | BandShape>(shape: T, end: number): T {
  const isOpen =
    'isOpen' in shape ? shape.isOpen && shape.kind !== 'count' : shape.kind === 'wait' && shape.end === 'open'
  return isOpen && end > shape.x + shape.w ? { ...shape, w: end - shape.x } : shape
}

function drawShape(context: CanvasRenderingContext2D, shape: Shape, palette: Palette): void {
  switch (shape.kind) {
    case 'bar':
      drawBar(context, shape, palette)
      return
    case 'wait':
      drawWait(context, shape, palette)
      return
    case 'stub':
      drawStub(context, shape, palette)
      return
    case 'lease':
      drawLease(context, shape, palette)
      return
    case 'sign':
      drawSign(context, shape, palette)
      return
    case 'count':
      drawCount(context, shape, palette)
  }
}

function drawRows(
  context: CanvasRenderingContext2D,
  rows: readonly RowBox[],
  width: number,
  { colours }: Palette,
): void {
  for (const [index, { kind, y, h }] of rows.entries()) {
    if (kind !== 'instance') continue
    context.fillStyle = index % 2 === 1 ? colours.sunk : colours.surface
    context.fillRect(0, y + AXIS, width, h)
  }
}

const STEPS = [0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600].map((seconds) => seconds * 1_000)
const LEAST_PX = 74

/** Moments that the axis names: on the whole second, minute and so on, and not within a fold. */
function ticksOf(scale: TimeScale, from: number, to: number): readonly number[] {
  const step = STEPS.find((each) => each * scale.pixelsPerMs >= LEAST_PX) ?? 600_000
  const ticks: number[] = []
  let at = Math.ceil(from / step) * step
  while (at <= to && ticks.length < 200) {
    const moment = at
    const fold = scale.folds.find((each) => moment >= each.from && moment <= each.to)
    if (fold === undefined) ticks.push(at)
    at = fold === undefined ? at + step : Math.max(at + step, Math.ceil(fold.to / step) * step)
  }
  return ticks
}

/** Tenths of a second where whole ones would stand twice. */
function tickText(at: number): string {
  return at % 1_000 === 0 ? clockOf(at) : exactClockOf(at).slice(0, -2)
}

function drawGrid(
  context: CanvasRenderingContext2D,
  scale: TimeScale,
  { left, width, nowX }: View,
  { colours, fonts }: Palette,
  height: number,
): void {
  context.strokeStyle = colours.line
  context.lineWidth = 1
  context.fillStyle = colours['ink-2']
  context.font = fonts.axis
  context.textAlign = 'center'
  context.textBaseline = 'middle'
  let free = -Infinity
  for (const at of ticksOf(scale, scale.timeOf(left), scale.timeOf(left + width))) {
    const x = Math.round(scale.xOf(at)) + 0.5
    context.beginPath()
    context.moveTo(x, -6)
    context.lineTo(x, height)
    context.stroke()
    // Not under "now", not cut by an edge, and not upon each other beside a fold.
    const isClear = Math.abs(x - left - nowX) > 46 && x - left > 26 && x > free
    if (!isClear) continue
    context.fillText(tickText(at), x, -AXIS / 2 - 1)
    free = x + 60
  }
}

function drawFolds(
  context: CanvasRenderingContext2D,
  scale: TimeScale,
  { left, width, nowX }: View,
  { colours, fonts }: Palette,
): void {
  context.font = fonts.axis
  context.fillStyle = colours['ink-2']
  context.textAlign = 'center'
  context.textBaseline = 'middle'
  for (const { x, width: w, from, to } of scale.folds) {
    if (x > left + width || x + w < left) continue
    const isLast = x + w >= left + nowX - 1
    context.fillText(isLast ? `nothing for ${lengthOf(to - from)}` : lengthOf(to - from), x + w / 2, 8)
  }
}

/** What has not happened yet is not drawn: the lease's wedge, say. */
function clipBefore(context: CanvasRenderingContext2D, { left, nowX, width }: View, height: number): void {
  context.beginPath()
  context.rect(left, -AXIS, Math.min(width, nowX + 14), height + AXIS)
  context.clip()
}

function drawNow(
  context: CanvasRenderingContext2D,
  { left, nowX, width, crosshairX }: View,
  { colours, fonts }: Palette,
  height: number,
): void {
  if (crosshairX !== null) {
    context.strokeStyle = colours['ink-2']
    context.setLineDash([2, 3])
    context.lineWidth = 1
    context.beginPath()
    context.moveTo(Math.round(crosshairX) + 0.5, -4)
    context.lineTo(Math.round(crosshairX) + 0.5, height)
    context.stroke()
    context.setLineDash([])
  }
  if (nowX < 0 || nowX > width) return
  const x = Math.round(left + nowX)
  context.strokeStyle = colours.run
  context.lineWidth = 1.5
  context.beginPath()
  context.moveTo(x, -4)
  context.lineTo(x, height)
  context.stroke()
  context.fillStyle = colours.run
  context.font = fonts.rank
  context.textAlign = 'center'
  context.textBaseline = 'middle'
  context.fillText('now', Math.min(x, left + width - 14), -AXIS / 2 - 1)
}
