import { clockOf } from '../format.ts'
import { BIN_MS } from '../model/fold-cache.ts'
import type { Spell } from '../model/model.ts'
import type { Colours } from '../styles/colours.ts'
import { type Column, LAYERS, type Layer, topOf } from './columns.ts'

export interface Chart {
  readonly columns: readonly Column[]
  readonly from: number
  readonly to: number
  /** When Redis was stopped, and when an instance did not even ask it. */
  readonly outages: readonly Spell[]
  readonly notAsked: readonly Spell[]
  readonly crosshair: number | null
}

export interface Area {
  readonly width: number
  readonly height: number
}

const LEFT = 26
const BOTTOM = 18
const TOP = 14

/** Where a moment is drawn, and the moment that is drawn at a place. */
export function scaleOf({ from, to }: Pick<Chart, 'from' | 'to'>, { width }: Area) {
  const inner = width - LEFT
  return {
    x: (at: number): number => LEFT + ((at - from) / (to - from)) * inner,
    at: (x: number): number => from + (Math.max(0, x - LEFT) / inner) * (to - from),
  }
}

/** Columns of 2 seconds, stacked by where the answers came from; each layer has a colour and a texture. */
export function drawChart(
  context: CanvasRenderingContext2D,
  chart: Chart,
  area: Area,
  colours: Colours,
): void {
  const { width, height } = area
  const { x } = scaleOf(chart, area)
  const floor = height - BOTTOM
  const top = topOf(chart.columns)
  const tall = (count: number): number => (count / top) * (floor - TOP)
  context.clearRect(0, 0, width, height)
  context.font = `10.5px Geist, sans-serif`

  drawAxis(context, chart, area, colours, top)
  context.save()
  context.beginPath()
  context.rect(LEFT, 0, width - LEFT, floor)
  context.clip()
  for (const { from, to } of chart.notAsked) {
    context.fillStyle = colours['take-soft']
    context.fillRect(x(from), 0, Math.max(3, x(to ?? chart.to) - x(from)), floor)
  }
  for (const spell of chart.outages) drawOutage(context, spell, chart, x, floor, colours)

  const fills = fillsOf(context, colours)
  const full = x(chart.from + BIN_MS) - x(chart.from)
  const gap = full > 6 ? 2 : full > 3 ? 1 : 0
  for (const column of chart.columns) {
    let bottom = floor
    for (const layer of LAYERS) {
      const part = tall(column.counts[layer])
      if (part === 0) continue
      const box = [x(column.at) + gap / 2, bottom - part, full - gap, part] as const
      context.fillStyle = fills[layer]
      context.fillRect(...box)
      if (layer === 'redis' && gap > 0) outline(context, box, colours['done-edge'])
      bottom -= part
    }
  }
  if (chart.crosshair !== null) {
    context.fillStyle = colours.ink
    context.fillRect(Math.round(x(chart.crosshair)), 0, 1, floor)
  }
  context.restore()
}

function drawAxis(
  context: CanvasRenderingContext2D,
  { from, to }: Chart,
  { width, height }: Area,
  colours: Colours,
  top: number,
): void {
  const floor = height - BOTTOM
  context.textBaseline = 'middle'
  context.textAlign = 'right'
  for (const part of [0, 0.5, 1]) {
    const y = Math.round(floor - part * (floor - TOP))
    context.fillStyle = colours.line
    context.fillRect(LEFT, y, width - LEFT, 1)
    context.fillStyle = colours['ink-2']
    context.fillText(String(top * part), LEFT - 6, y)
  }
  const every = [2, 5, 10, 15, 30, 60, 120, 300].map((s) => s * 1000).find((ms) => (to - from) / ms <= 5)
  const step = every ?? 600_000
  const { x } = scaleOf({ from, to }, { width, height })
  context.textAlign = 'center'
  context.fillStyle = colours['ink-2']
  for (let at = Math.ceil(from / step) * step; at <= to; at += step) {
    const middle = x(at)
    if (middle < LEFT + 26 || middle > width - 26) continue
    context.fillText(clockOf(at), middle, height - 7)
  }
}

function drawOutage(
  context: CanvasRenderingContext2D,
  { from, to }: Spell,
  chart: Chart,
  x: (at: number) => number,
  floor: number,
  colours: Colours,
): void {
  const left = x(from)
  const wide = x(to ?? chart.to) - left
  context.fillStyle = colours['stop-soft']
  context.fillRect(left, 0, wide, floor)
  context.fillStyle = hatch(context, 'transparent', colours.stop, 7)
  context.globalAlpha = 0.35
  context.fillRect(left, 0, wide, floor)
  context.globalAlpha = 1
}

function outline(
  context: CanvasRenderingContext2D,
  [left, top, wide, tall]: readonly [number, number, number, number],
  colour: string,
): void {
  context.strokeStyle = colour
  context.lineWidth = 1
  context.strokeRect(left + 0.5, top + 0.5, Math.max(0, wide - 1), Math.max(0, tall - 1))
}

function fillsOf(
  context: CanvasRenderingContext2D,
  colours: Colours,
): Readonly<Record<Layer, string | CanvasPattern>> {
  return {
    memory: colours.done,
    redis: colours['done-soft'],
    shared: dots(context, colours.run, colours['on-run']),
    loaded: hatch(context, colours['take-soft'], colours['take-line'], 5),
  }
}

function hatch(
  context: CanvasRenderingContext2D,
  ground: string,
  line: string,
  size: number,
): CanvasPattern | string {
  return tile(context, size, ground, line, (drawing) => {
    drawing.strokeStyle = line
    drawing.lineWidth = 1.4
    drawing.beginPath()
    // Three lines: the corners of the tile belong to its neighbours' lines.
    for (const shift of [-size, 0, size]) {
      drawing.moveTo(shift, size)
      drawing.lineTo(shift + size, 0)
    }
    drawing.stroke()
  })
}

function dots(context: CanvasRenderingContext2D, ground: string, dot: string): CanvasPattern | string {
  return tile(context, 5, ground, ground, (drawing) => {
    drawing.fillStyle = dot
    drawing.beginPath()
    drawing.arc(2.5, 2.5, 1, 0, 2 * Math.PI)
    drawing.fill()
  })
}

/** By what is on them: each is drawn again many times. */
const tiles = new Map<string, CanvasPattern | string>()

function tile(
  context: CanvasRenderingContext2D,
  size: number,
  ground: string,
  otherwise: string,
  draw: (drawing: OffscreenCanvasRenderingContext2D) => void,
): CanvasPattern | string {
  // As fine as the screen is.
  const scale = Math.max(1, Math.round(context.getTransform().a))
  const key = `${size} ${scale} ${ground} ${otherwise}`
  const known = tiles.get(key)
  if (known !== undefined) return known
  const drawing = new OffscreenCanvas(size * scale, size * scale).getContext('2d')
  if (drawing === null) return otherwise
  drawing.scale(scale, scale)
  drawing.fillStyle = ground
  drawing.fillRect(0, 0, size, size)
  draw(drawing)
  const pattern = context.createPattern(drawing.canvas, 'repeat')
  pattern?.setTransform(new DOMMatrix().scale(1 / scale))
  tiles.set(key, pattern ?? otherwise)
  return pattern ?? otherwise
}
