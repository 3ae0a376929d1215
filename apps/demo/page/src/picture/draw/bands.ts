import type { BandShape, Layout } from '../shapes.ts'
import type { Palette } from './palette.ts'

type Context = CanvasRenderingContext2D

const BROKEN_AT = 28

export function drawBand(context: Context, band: BandShape, { colours, outage }: Palette): void {
  const { x, y, w, h } = band
  switch (band.kind) {
    case 'outage':
      context.globalAlpha = 0.55
      context.fillStyle = colours['stop-soft']
      context.fillRect(x, y, w, h)
      context.globalAlpha = 1
      context.fillStyle = outage
      context.fillRect(x, y, w, h)
      edges(context, band, colours.stop, [4, 3])
      return
    case 'frozen':
      context.globalAlpha = 0.5
      context.fillStyle = colours['cold-soft']
      context.fillRect(x, y + 2, w, h - 4)
      context.globalAlpha = 1
      frame(context, band, colours.cold, [2, 3])
      return
    case 'gone':
      context.fillStyle = colours.surface
      context.fillRect(x, y + 2, w, h - 4)
      frame(context, band, colours['line-2'], [2, 4])
      context.fillStyle = colours.stop
      context.fillRect(x, y + 2, 1.5, h - 4)
      return
    case 'cut':
      frame(context, band, colours.stop, [9, 5])
      brokenLine(context, band, colours.stop)
      return
    case 'gap':
      context.globalAlpha = 0.6
      context.fillStyle = colours['quiet-soft']
      context.fillRect(x, y, w, h)
      context.globalAlpha = 1
      return
    case 'fold':
      context.globalAlpha = 0.5
      context.fillStyle = colours['quiet-soft']
      context.fillRect(x, y, w, h)
      context.globalAlpha = 1
      edges(context, band, colours['line-2'], [2, 4])
  }
}

function edges(context: Context, { x, y, w, h }: BandShape, colour: string, dashes: readonly number[]): void {
  context.strokeStyle = colour
  context.lineWidth = 1
  context.setLineDash([...dashes])
  context.beginPath()
  for (const side of [x, x + w]) {
    context.moveTo(Math.round(side) + 0.5, y)
    context.lineTo(Math.round(side) + 0.5, y + h)
  }
  context.stroke()
  context.setLineDash([])
}

function frame(context: Context, { x, y, w, h }: BandShape, colour: string, dashes: readonly number[]): void {
  context.strokeStyle = colour
  context.lineWidth = 1.25
  context.setLineDash([...dashes])
  context.beginPath()
  context.roundRect(x, y + 2, w, h - 4, 3)
  context.stroke()
  context.setLineDash([])
}

/** Redis is there, but not for this row. */
function brokenLine(context: Context, { x, y, w, isOpen }: BandShape, colour: string): void {
  // While it lasts its middle is not known: the mark would wander.
  const middle = x + (isOpen ? BROKEN_AT : w / 2)
  context.strokeStyle = colour
  context.lineWidth = 2
  context.beginPath()
  context.moveTo(x, y + 5)
  context.lineTo(Math.max(x, middle - 5), y + 5)
  context.moveTo(middle - 7, y + 9)
  context.lineTo(middle - 3, y + 1)
  context.moveTo(middle + 3, y + 9)
  context.lineTo(middle + 7, y + 1)
  context.moveTo(Math.min(x + w, middle + 5), y + 5)
  context.lineTo(x + w, y + 5)
  context.stroke()
}

/** A line while Redis is up. */
export function drawRedisLine(
  context: Context,
  { redisBreaks, rows }: Layout,
  left: number,
  end: number,
  { colours }: Palette,
): void {
  context.strokeStyle = colours['done-edge']
  context.lineWidth = 3
  context.lineCap = 'round'
  context.beginPath()
  const y = rows[0]?.top ?? 0
  let from = left - 10
  for (const { x, w } of redisBreaks) {
    if (x > from) {
      context.moveTo(from, y)
      context.lineTo(Math.min(x - 2, end), y)
    }
    from = Math.max(from, x + w + 2)
  }
  if (from < end) {
    context.moveTo(from, y)
    context.lineTo(end, y)
  }
  context.stroke()
  context.lineCap = 'butt'
}
