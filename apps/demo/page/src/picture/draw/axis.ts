import { clockOf, exactClockOf, lengthOf } from '../../format.ts'
import type { TimeScale } from '../time-scale.ts'
import type { View } from './draw.ts'
import type { Palette } from './palette.ts'

type Context = CanvasRenderingContext2D

/** Its height, above the rows. */
export const AXIS = 26

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

/** Where the lines of the axis go through the rows. */
export function gridLinesOf(scale: TimeScale, left: number, right: number): readonly number[] {
  return ticksOf(scale, scale.timeOf(left - 1), scale.timeOf(right + 1)).map((at) => lineAt(scale, at))
}

function lineAt(scale: TimeScale, at: number): number {
  return Math.round(scale.xOf(at)) + 0.5
}

/** Tenths of a second where whole ones would stand twice. */
function tickText(at: number): string {
  return at % 1_000 === 0 ? clockOf(at) : exactClockOf(at).slice(0, -2)
}

/** Above the rows. */
export function drawAxis(
  context: Context,
  scale: TimeScale,
  { left, width, nowX }: View,
  { colours, fonts }: Palette,
): void {
  context.fillStyle = colours.surface
  context.fillRect(left - 1, -AXIS - 1, width + 2, AXIS + 1)
  context.strokeStyle = colours.line
  context.lineWidth = 1
  write(context, colours['ink-2'], fonts.axis)
  const ticks = ticksOf(scale, scale.timeOf(left), scale.timeOf(left + width))
  context.beginPath()
  let free = -Infinity
  for (const at of ticks) {
    const x = lineAt(scale, at)
    context.moveTo(x, -6)
    context.lineTo(x, 0)
    // Not under "now", not cut by an edge, and not upon each other beside a fold.
    const isClear = Math.abs(x - left - nowX) > 46 && x - left > 26 && x > free
    if (!isClear) continue
    context.fillText(tickText(at), x, -AXIS / 2 - 1)
    free = x + 60
  }
  context.stroke()
}

/** How long nothing happened. */
export function drawFolds(
  context: Context,
  scale: TimeScale,
  { left, width, nowX }: View,
  { colours, fonts }: Palette,
  y: number,
): void {
  write(context, colours['ink-2'], fonts.axis)
  for (const { x, width: w, from, to } of scale.folds) {
    if (x > left + width || x + w < left) continue
    const isLast = x + w >= left + nowX - 1
    const text = isLast ? `nothing for ${lengthOf(to - from)}` : lengthOf(to - from)
    const half = context.measureText(text).width / 2
    // Not cut by an edge, and not under "now".
    const end = left + (isLast ? Math.min(nowX, width) : width) - half - 4
    const middle = isLast ? Math.min(x + w / 2, end) : x + w / 2
    if (middle - half >= left && middle <= end) context.fillText(text, middle, y)
  }
}

/** A moment that other parts of the page mark. */
export function drawCrosshair(context: Context, x: number, height: number, { colours }: Palette): void {
  context.strokeStyle = colours['ink-2']
  context.setLineDash([2, 3])
  context.lineWidth = 1
  context.beginPath()
  context.moveTo(Math.round(x) + 0.5, -4)
  context.lineTo(Math.round(x) + 0.5, height)
  context.stroke()
  context.setLineDash([])
}

export function drawNow(
  context: Context,
  { left, nowX, width, isStill }: View,
  height: number,
  { colours, fonts }: Palette,
): void {
  if (nowX < 0 || nowX > width) return
  const x = Math.round(left + nowX)
  const colour = colours[isStill ? 'stop' : 'run']
  context.strokeStyle = colour
  context.lineWidth = 1.5
  context.setLineDash(isStill ? [5, 4] : [])
  context.beginPath()
  context.moveTo(x, -4)
  context.lineTo(x, height)
  context.stroke()
  context.setLineDash([])
  write(context, colour, fonts.rank)
  const [text, half] = isStill ? (['last word', 32] as const) : (['now', 14] as const)
  context.fillText(text, Math.min(x, left + width - half), -AXIS / 2 - 1)
}

function write(context: Context, colour: string, font: string): void {
  context.fillStyle = colour
  context.font = font
  context.textAlign = 'center'
  context.textBaseline = 'middle'
}
