import type { JSX } from 'preact'
import { useEffect, useRef, useState } from 'preact/hooks'
import type { Spell } from '../model/model.ts'
import { lowerPart } from '../model/store.ts'
import { type Colours, onColoursChange, readColours } from '../styles/colours.ts'
import { clockOf } from '../format.ts'
import { ticking } from '../ticking.ts'
import { crosshair, span, until } from '../view.ts'
import { columnWords, columnsOf } from './columns.ts'
import { type Chart, drawChart, scaleOf } from './draw-chart.ts'
import { BIN_MS } from '../model/fold-cache.ts'

/** The same stretch of time as the picture, with the same cross-hair and the same outages. */
export function CacheChart({ summary }: { readonly summary: string }): JSX.Element {
  const canvas = useRef<HTMLCanvasElement>(null)
  const colours = useColours()
  const chart = chartNow()
  useEffect(() => {
    const drawing = canvas.current?.getContext('2d')
    if (drawing !== null && drawing !== undefined && colours !== undefined) paint(drawing, chart, colours)
  })
  const at = crosshair.value
  return (
    <div class="cache-chart">
      <canvas
        ref={canvas}
        role="img"
        aria-label={summary}
        onPointerMove={({ currentTarget, offsetX }) => {
          const area = { width: currentTarget.clientWidth, height: currentTarget.clientHeight }
          crosshair.value = scaleOf(chart, area).at(offsetX)
        }}
        onPointerLeave={() => {
          crosshair.value = null
        }}
      />
      {at !== null && at >= chart.from && at <= chart.to && (
        <p class="chart-reading" aria-hidden="true">
          <b>{clockOf(at)}</b> {columnWords(chart.columns.find((column) => isIn(column.at, at)))}
        </p>
      )}
    </div>
  )
}

function isIn(start: number, at: number): boolean {
  return at >= start && at < start + BIN_MS
}

function chartNow(): Chart {
  const to = until.value ?? ticking.value
  const from = span.value === null ? Math.min(lowerPart('since').value ?? to, to - BIN_MS) : to - span.value
  return {
    from,
    to,
    columns: columnsOf(lowerPart('cache').value, from, to),
    outages: inside(lowerPart('redis').value.stopped, from, to),
    notAsked: inside(
      [...lowerPart('instances').value.values()].flatMap(({ breakerOpen }) => breakerOpen),
      from,
      to,
    ),
    crosshair: crosshair.value,
  }
}

function inside(spells: readonly Spell[], from: number, to: number): readonly Spell[] {
  return spells.filter((spell) => spell.from < to && (spell.to ?? to) > from)
}

function useColours(): Colours | undefined {
  const [colours, setColours] = useState<Colours>()
  useEffect(() => {
    const read = (): void => setColours(readColours())
    read()
    return onColoursChange(read)
  }, [])
  return colours
}

function paint(drawing: CanvasRenderingContext2D, chart: Chart, colours: Colours): void {
  const { canvas } = drawing
  const area = { width: canvas.clientWidth, height: canvas.clientHeight }
  const scale = window.devicePixelRatio
  const [width, height] = [Math.round(area.width * scale), Math.round(area.height * scale)]
  if (canvas.width !== width) canvas.width = width
  if (canvas.height !== height) canvas.height = height
  drawing.setTransform(scale, 0, 0, scale, 0, 0)
  if (area.width > 0) drawChart(drawing, chart, area, colours)
}
