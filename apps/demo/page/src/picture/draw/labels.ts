import type { LabelShape } from '../shapes.ts'
import type { Palette } from './palette.ts'

type Context = CanvasRenderingContext2D

export function drawLabel(context: Context, label: LabelShape, palette: Palette): void {
  const { colours, fonts } = palette
  const { x, y, w, h, text, form, tone, ground, icon } = label
  context.textAlign = 'left'
  context.textBaseline = 'middle'
  const middle = y + h / 2 + 0.5
  if (form === 'pill') {
    context.beginPath()
    context.roundRect(x, y, w, h, h / 2)
    context.fillStyle = tone === 'plain' || tone === 'quiet' ? colours.surface : colours[`${tone}-soft`]
    context.fill()
    context.strokeStyle = tone === 'plain' || tone === 'quiet' ? colours['line-2'] : edgeOf(label, palette)
    context.lineWidth = 1.25
    context.stroke()
    context.fillStyle = inkOf(label, palette)
    context.font = fonts.pill
    if (icon !== 'none') drawIcon(context, icon, x + 12, y + h / 2, inkOf(label, palette))
    context.fillText(text, x + 7 + (icon === 'none' ? 0 : 14), middle)
    return
  }
  context.font = fonts.label
  if (ground === 'plate') {
    context.fillStyle = colours.surface
    context.fillRect(x - 3, y + 4, w + 6, h - 8)
  }
  if (form === 'outside') {
    context.strokeStyle = colours.surface
    context.lineWidth = 3
    context.lineJoin = 'round'
    context.strokeText(text, x, middle)
  }
  context.fillStyle = ground === 'full' ? colours['on-run'] : inkOf(label, palette)
  context.fillText(text, x, middle)
}

function inkOf({ tone, form }: LabelShape, { colours }: Palette): string {
  if (tone === 'plain' || tone === 'run') return form === 'inside' ? colours.ink : colours['ink-2']
  return tone === 'quiet' ? colours['ink-2'] : colours[tone]
}

function edgeOf({ tone }: LabelShape, { colours }: Palette): string {
  if (tone === 'take') return colours['take-line']
  if (tone === 'done') return colours['done-edge']
  return tone === 'plain' ? colours['line-2'] : colours[tone]
}

function drawIcon(context: Context, icon: 'cross' | 'snow', x: number, y: number, colour: string): void {
  context.strokeStyle = colour
  context.lineWidth = 1.7
  context.lineCap = 'round'
  context.beginPath()
  const angles = icon === 'cross' ? [Math.PI / 4, (3 * Math.PI) / 4] : [0, Math.PI / 3, (2 * Math.PI) / 3]
  for (const angle of angles) {
    const [dx, dy] = [Math.cos(angle) * 4, Math.sin(angle) * 4]
    context.moveTo(x - dx, y - dy)
    context.lineTo(x + dx, y + dy)
  }
  context.stroke()
  context.lineCap = 'butt'
}
