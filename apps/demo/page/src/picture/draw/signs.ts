import type { SignShape } from '../shapes.ts'
import type { Palette } from './palette.ts'

type Context = CanvasRenderingContext2D

export function drawSign(context: Context, shape: SignShape, palette: Palette): void {
  const x = shape.x + shape.w / 2
  const y = shape.y + shape.h / 2
  context.save()
  context.translate(x, y)
  context.lineWidth = shape.isSelected ? 2 : 1.5
  context.lineCap = 'round'
  context.lineJoin = 'round'
  PAINT[shape.sign](context, palette.colours, shape.isSelected)
  context.restore()
}

type Colours = Palette['colours']

const PAINT: Readonly<
  Record<SignShape['sign'], (context: Context, colours: Colours, isSelected: boolean) => void>
> = {
  away: (context, colours, isSelected) => {
    context.beginPath()
    context.arc(0, 0, 6.25, 0, 7)
    context.fillStyle = colours.surface
    context.fill()
    context.strokeStyle = isSelected ? colours.ink : colours.quiet
    context.stroke()
    line(context, -4.2, 4.2, 4.2, -4.2)
  },
  stored: (context, colours, isSelected) => {
    context.beginPath()
    context.roundRect(-6.5, -6.5, 13, 13, 3)
    context.fillStyle = colours['done-soft']
    context.fill()
    context.strokeStyle = isSelected ? colours.ink : colours.done
    context.stroke()
    line(context, -3, -2, 3, -2)
    line(context, -3, 2, 3, 2)
  },
  // A value comes down to where it was computed, and goes out from there.
  loaded: (context, colours) => {
    context.beginPath()
    context.roundRect(-6.5, -6.5, 13, 13, 3)
    context.fillStyle = colours['take-soft']
    context.fill()
    context.strokeStyle = colours['take-line']
    context.stroke()
    line(context, 0, -3.4, 0, 3)
    line(context, -2.8, 0.4, 0, 3.2)
    line(context, 2.8, 0.4, 0, 3.2)
  },
  shared: (context, colours) => {
    context.beginPath()
    context.arc(-2.6, 0, 4, 0, 7)
    context.fillStyle = colours['run-soft']
    context.fill()
    context.strokeStyle = colours.run
    context.stroke()
    context.beginPath()
    context.arc(2.6, 0, 4, 0, 7)
    context.stroke()
  },
  saved: (context, colours, isSelected) => {
    polygon(context, 4, 8, 0)
    context.fillStyle = colours.done
    context.fill()
    if (isSelected) {
      context.strokeStyle = colours.ink
      context.stroke()
    }
    context.strokeStyle = colours.surface
    context.lineWidth = 1.7
    context.beginPath()
    context.moveTo(-3, 0.3)
    context.lineTo(-0.8, 2.5)
    context.lineTo(3.2, -2.2)
    context.stroke()
  },
  refused: (context, colours, isSelected) => {
    polygon(context, 8, 8.6, Math.PI / 8)
    context.fillStyle = colours.stop
    context.fill()
    if (isSelected) {
      context.strokeStyle = colours.ink
      context.stroke()
    }
    context.strokeStyle = colours['on-stop']
    context.lineWidth = 1.8
    line(context, -2.8, -2.8, 2.8, 2.8)
    line(context, 2.8, -2.8, -2.8, 2.8)
  },
  killed: (context, colours) => {
    context.beginPath()
    context.arc(0, 0, 7, 0, 7)
    context.fillStyle = colours['stop-soft']
    context.fill()
    context.strokeStyle = colours.stop
    context.stroke()
    line(context, -3, -3, 3, 3)
    line(context, 3, -3, -3, 3)
  },
}

function line(context: Context, x1: number, y1: number, x2: number, y2: number): void {
  context.beginPath()
  context.moveTo(x1, y1)
  context.lineTo(x2, y2)
  context.stroke()
}

function polygon(context: Context, corners: number, radius: number, turn: number): void {
  context.beginPath()
  for (let corner = 0; corner < corners; corner += 1) {
    const angle = turn + (corner * 2 * Math.PI) / corners
    context.lineTo(Math.cos(angle) * radius, Math.sin(angle) * radius)
  }
  context.closePath()
}
