import type { BandShape, Layout, RowBox, Shape } from '../shapes.ts'
import type { TimeScale } from '../time-scale.ts'
import { gridLinesOf } from './axis.ts'
import { drawBand, drawRedisLine } from './bands.ts'
import { drawBar, drawCount, drawLease, drawStub, drawWait } from './bars.ts'
import { drawLabel } from './labels.ts'
import { drawLine } from './lines.ts'
import type { Palette } from './palette.ts'
import { drawSign } from './signs.ts'

/** A stretch of the picture, in pixels of the layout. */
export interface Part {
  readonly left: number
  readonly right: number
  /** What is under way reaches to here. */
  readonly end: number
  /** Nothing but the ground is drawn beyond it: the lease's wedge, say, is not drawn before its time. */
  readonly clip: number
}

/** A thing may be drawn so far beyond its box: a sign's edge, an arrow's bend. */
export const BEYOND = 40

type Context = CanvasRenderingContext2D

/** The rows between two places, with all that lies in them. The caller clips what reaches beyond. */
export function drawContent(
  context: Context,
  layout: Layout,
  scale: TimeScale,
  part: Part,
  palette: Palette,
): void {
  const { left, right, end, clip } = part
  const isSeen = ({ x, w }: { readonly x: number; readonly w: number }): boolean =>
    x + w >= left - BEYOND && x <= right + BEYOND
  drawGround(context, layout, part, palette)
  drawGridLines(context, gridLinesOf(scale, left, right), layout.height, palette)
  context.save()
  context.beginPath()
  context.rect(left, 0, Math.min(right, clip) - left, layout.height)
  context.clip()
  for (const band of layout.bands) if (isSeen(band)) drawBand(context, grown(band, end), palette)
  drawRedisLine(context, layout, left, Math.min(end, right + 10), palette)
  const lines = layout.lines.filter(({ x1, x2 }) => isSeen({ x: Math.min(x1, x2), w: Math.abs(x2 - x1) }))
  for (const line of lines) if (line.kind !== 'takeover') drawLine(context, line, palette)
  for (const shape of layout.shapes) if (isSeen(shape)) drawShape(context, grown(shape, end), palette)
  for (const line of lines) if (line.kind === 'takeover') drawLine(context, line, palette)
  for (const label of layout.labels) if (isSeen(label)) drawLabel(context, label, palette)
  context.restore()
}

/** What is under way reaches to now, which has moved since it was laid out. */
function grown<T extends Shape | BandShape>(shape: T, end: number): T {
  return isGrowing(shape) && end > shape.x + shape.w ? { ...shape, w: end - shape.x } : shape
}

export function isGrowing(shape: Shape | BandShape): boolean {
  if ('isOpen' in shape) return shape.isOpen && shape.kind !== 'count'
  return shape.kind === 'wait' && shape.end === 'open'
}

function drawShape(context: Context, shape: Shape, palette: Palette): void {
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

function drawGround(
  context: Context,
  { rows, height }: Layout,
  { left, right }: Part,
  { colours }: Palette,
): void {
  context.fillStyle = colours.surface
  context.fillRect(left, 0, right - left, height)
  context.fillStyle = colours.sunk
  for (const { y, h } of rows.filter(isDarker)) context.fillRect(left, y, right - left, h)
}

function isDarker({ kind }: RowBox, index: number): boolean {
  return kind === 'instance' && index % 2 === 1
}

function drawGridLines(
  context: Context,
  lines: readonly number[],
  height: number,
  { colours }: Palette,
): void {
  context.strokeStyle = colours.line
  context.lineWidth = 1
  context.beginPath()
  for (const x of lines) {
    context.moveTo(x, 0)
    context.lineTo(x, height)
  }
  context.stroke()
}
