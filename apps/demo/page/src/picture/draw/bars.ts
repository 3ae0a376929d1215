import type { BarShape, CountShape, LeaseShape, StubShape, WaitShape } from '../shapes.ts'
import type { Palette } from './palette.ts'

const TAB = 17
const RADIUS = 4

type Context = CanvasRenderingContext2D

export function drawBar(context: Context, bar: BarShape, { colours, fonts, dots }: Palette): void {
  const { x, y, w, h, state, rank, isSelected } = bar
  const isBad = state === 'cutShort' || state === 'lost' || state === 'failed'
  if (w < TAB && !isSelected && !isBad) {
    // Too small for anything but its kind.
    context.fillStyle = colours[state === 'running' ? 'run' : state === 'done' ? 'done-soft' : 'quiet-soft']
    context.fillRect(x, y, w, h)
    context.fillStyle = colours[state === 'running' ? 'run' : state === 'done' ? 'done-edge' : 'quiet']
    context.fillRect(x, y, Math.min(1.25, w), h)
    context.fillRect(x, y + h - 1.25, w, 1.25)
    return
  }
  const tone = state === 'running' ? 'run' : isBad ? 'stop' : state === 'done' ? 'done' : 'quiet'
  context.save()
  outline(context, bar)
  context.fillStyle =
    colours[
      state === 'running' ? 'run-soft' : isBad ? 'stop-soft' : state === 'done' ? 'done-soft' : 'quiet-soft'
    ]
  context.fill()
  context.clip()
  if (state === 'running') {
    context.fillStyle = colours.run
    context.fillRect(x, y, w, h)
  }
  for (const { x: from, w: width } of bar.frozen) {
    context.fillStyle = colours['cold-soft']
    context.fillRect(from, y, width, h)
    context.fillStyle = dots
    context.fillRect(from, y, width, h)
  }
  context.strokeStyle = state === 'running' ? colours['on-run'] : colours.ink
  context.globalAlpha = 0.45
  context.lineWidth = 1
  for (const tick of bar.ticks) {
    context.beginPath()
    context.moveTo(Math.round(tick) + 0.5, y + h - 4)
    context.lineTo(Math.round(tick) + 0.5, y + h)
    context.stroke()
  }
  context.globalAlpha = 1
  for (const { x: from, w: width } of bar.kept) {
    context.fillStyle = state === 'running' ? colours['on-run'] : colours.done
    context.fillRect(from, y + h - 3.5, width, 3.5)
  }
  if (rank !== null) {
    context.fillStyle = state === 'running' ? 'rgb(0 0 0 / .24)' : colours[tone]
    context.fillRect(x, y, TAB, h)
  }
  context.restore()
  if (state !== 'running' || isSelected) {
    outline(context, bar)
    context.strokeStyle = isSelected ? colours.ink : colours[state === 'done' ? 'done-edge' : tone]
    context.lineWidth = isSelected ? 1.75 : 1.25
    context.stroke()
  }
  if (rank !== null) {
    context.fillStyle = state === 'running' ? colours['on-run'] : isBad ? colours['on-stop'] : colours.surface
    context.font = fonts.rank
    context.textAlign = 'center'
    context.textBaseline = 'middle'
    context.fillText(String(rank), x + TAB / 2, y + h / 2 + 0.5)
  }
  if (state === 'failed') exclamation(context, x + w, y, colours.stop, fonts.rank)
  if (bar.leaseOverX !== null) {
    context.strokeStyle = colours['take-line']
    context.lineWidth = 2
    context.beginPath()
    context.moveTo(bar.leaseOverX, y - 3)
    context.lineTo(bar.leaseOverX, y + h + 3)
    context.stroke()
  }
}

/** Torn where its process was killed, notched where it failed, open at the right while it runs. */
function outline(context: Context, { x, y, w, h, state, isOpen }: BarShape): void {
  const right = x + w
  const radius = Math.min(RADIUS, w / 2)
  context.beginPath()
  if (state === 'cutShort' && w >= 6) {
    context.moveTo(right, y)
    const step = h / 4
    for (let tooth = 0; tooth < 4; tooth += 1) {
      context.lineTo(right - 4, y + step * (tooth + 0.5))
      context.lineTo(right, y + step * (tooth + 1))
    }
  } else if (state === 'failed' && w >= 10) {
    context.moveTo(right, y)
    context.lineTo(right - 6, y + h / 2)
    context.lineTo(right, y + h)
  } else {
    context.roundRect(x, y, w, h, isOpen ? [radius, 0, 0, radius] : radius)
    return
  }
  context.lineTo(x + radius, y + h)
  context.quadraticCurveTo(x, y + h, x, y + h - radius)
  context.lineTo(x, y + radius)
  context.quadraticCurveTo(x, y, x + radius, y)
  context.closePath()
}

function exclamation(context: Context, right: number, y: number, colour: string, font: string): void {
  context.fillStyle = colour
  context.font = font
  context.textAlign = 'right'
  context.textBaseline = 'middle'
  context.fillText('!', right - 8, y + 10)
}

export function drawWait(context: Context, wait: WaitShape, { colours, hatch }: Palette): void {
  const { x, w, end, isSelected } = wait
  const [y, h] = [wait.y + 3, wait.h - 6]
  const isOpen = end === 'open' || end === 'became'
  context.beginPath()
  context.roundRect(x, y, w, h, isOpen ? [3, 0, 0, 3] : 3)
  context.fillStyle = colours.surface
  context.fill()
  context.fillStyle = hatch
  context.fill()
  context.strokeStyle = isSelected ? colours.ink : colours.quiet
  context.lineWidth = isSelected ? 1.75 : 1
  context.stroke()
  if (end !== 'result') return
  context.beginPath()
  context.arc(x + w, y + h / 2, 4.5, 0, 7)
  context.fillStyle = colours.done
  context.fill()
  context.strokeStyle = isSelected ? colours.ink : colours.surface
  context.lineWidth = 1.5
  context.stroke()
}

export function drawStub(
  context: Context,
  { x, y, w, h, isSelected }: StubShape,
  { colours }: Palette,
): void {
  const middle = y + h / 2
  const left = x + w - 16
  context.strokeStyle = isSelected ? colours.ink : colours.stop
  context.lineWidth = isSelected ? 1.75 : 1.25
  context.beginPath()
  context.moveTo(x, middle - 4)
  context.lineTo(x, middle + 4)
  context.moveTo(x, middle)
  context.lineTo(left, middle)
  context.stroke()
  context.beginPath()
  context.moveTo(left + 8, middle - 8)
  context.lineTo(left + 16, middle + 7)
  context.lineTo(left, middle + 7)
  context.closePath()
  context.fillStyle = colours['stop-soft']
  context.fill()
  context.lineJoin = 'round'
  context.stroke()
  context.strokeStyle = colours.stop
  context.lineWidth = 1.6
  context.beginPath()
  context.moveTo(left + 8, middle - 3)
  context.lineTo(left + 8, middle + 1.5)
  context.moveTo(left + 8, middle + 4)
  context.lineTo(left + 8, middle + 4.6)
  context.stroke()
}

export function drawLease(context: Context, { x, y, w, h }: LeaseShape, { colours }: Palette): void {
  context.beginPath()
  context.moveTo(x + 2, y)
  context.lineTo(x + w, y + h / 2)
  context.lineTo(x + 2, y + h)
  context.closePath()
  context.globalAlpha = 0.42
  context.fillStyle = colours['take-line']
  context.fill()
  context.globalAlpha = 1
  context.strokeStyle = colours['take-line']
  context.lineWidth = 1
  context.stroke()
}

export function drawCount(
  context: Context,
  { x, y, w, h, share, isOpen }: CountShape,
  { colours }: Palette,
): void {
  const height = Math.max(3, h * share)
  context.fillStyle = colours[isOpen ? 'run-soft' : 'done-soft']
  context.fillRect(x, y + h - height, w, height)
  context.fillStyle = colours[isOpen ? 'run' : 'done-edge']
  context.fillRect(x, y + h - height, w, 1.5)
}
