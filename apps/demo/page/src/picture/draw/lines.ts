import type { LineShape } from '../shapes.ts'
import type { Palette } from './palette.ts'

type Context = CanvasRenderingContext2D

export function drawLine(context: Context, line: LineShape, palette: Palette): void {
  const { colours } = palette
  const { x1, y1, x2, y2, isSelected } = line
  switch (line.kind) {
    case 'thread':
      stroke(context, line, colours['ink-2'], isSelected ? 1.5 : 1, [1, 3])
      return
    case 'drop':
      stroke(context, line, isSelected ? colours.done : colours['done-edge'], isSelected ? 1.5 : 1, [2, 3])
      return
    case 'refused':
      stroke(context, line, colours.stop, 1.5, [4, 3])
      return
    case 'elbow':
      context.strokeStyle = colours.quiet
      context.lineWidth = 1.25
      context.beginPath()
      context.moveTo(x1, y1)
      context.lineTo(x1, y2 - 4)
      context.quadraticCurveTo(x1, y2, x1 + 4, y2)
      context.lineTo(x2, y2)
      context.stroke()
      return
    case 'takeover':
      arrow(context, line, palette)
  }
}

function stroke(
  context: Context,
  { x1, y1, x2, y2 }: LineShape,
  colour: string,
  width: number,
  dashes: readonly number[],
): void {
  context.strokeStyle = colour
  context.lineWidth = width
  context.lineCap = 'round'
  context.setLineDash([...dashes])
  context.beginPath()
  context.moveTo(Math.round(x1) + 0.5, y1)
  context.lineTo(Math.round(x2) + 0.5, y2)
  context.stroke()
  context.setLineDash([])
  context.lineCap = 'butt'
}

/** From the point where the lease ended to the attempt that took over; a halo parts it from what it crosses. */
function arrow(context: Context, { x1, y1, x2, y2 }: LineShape, { colours }: Palette): void {
  const way = y2 >= y1 ? 1 : -1
  const bend = Math.max(14, Math.min(46, Math.abs(y2 - y1) / 2))
  const path = (): void => {
    context.beginPath()
    context.moveTo(x1, y1)
    context.bezierCurveTo(x1 + 10, y1 + way * bend, x2 - 1, y2 - way * bend * 1.3, x2, y2 - way * 6)
  }
  path()
  context.strokeStyle = colours.surface
  context.globalAlpha = 0.85
  context.lineWidth = 6
  context.stroke()
  context.globalAlpha = 1
  path()
  context.strokeStyle = colours['take-line']
  context.lineWidth = 2
  context.stroke()
  context.beginPath()
  context.moveTo(x2, y2)
  context.lineTo(x2 - 4.5, y2 - way * 8)
  context.lineTo(x2 + 4.5, y2 - way * 8)
  context.closePath()
  context.fillStyle = colours['take-line']
  context.fill()
}
