import type { JSX } from 'preact'
import { useEffect, useRef } from 'preact/hooks'
import { useSignal } from '@preact/signals'
import { hostNow, model } from '../model/store.ts'
import { type Colours, onColoursChange, readColours } from '../styles/colours.ts'
import { span, until } from '../view.ts'
import { pan } from './moves.ts'

const SHOWN_MS = 10 * 60_000
const COLUMN = 4
const HEIGHT = 30

/** The last ten minutes, and what of them the picture shows: a brush to move. */
export function Overview({ hidden }: { readonly hidden: boolean }): JSX.Element {
  const canvas = useRef<HTMLCanvasElement>(null)
  const tick = useSignal(0)
  const colours = useRef<Colours | undefined>(undefined)

  useEffect(() => {
    const read = (): void => {
      colours.current = readColours()
    }
    read()
    const stop = onColoursChange(read)
    const timer = setInterval(() => (tick.value += 1), 1_000)
    return () => {
      stop()
      clearInterval(timer)
    }
  }, [])

  useEffect(() => {
    const context = canvas.current?.getContext('2d')
    if (context == null || canvas.current === null || document.hidden) return
    const width = canvas.current.clientWidth
    const ratio = Math.min(devicePixelRatio, 2)
    canvas.current.width = Math.round(width * ratio)
    canvas.current.height = Math.round(HEIGHT * ratio)
    context.scale(ratio, ratio)
    const now = hostNow()
    const xOf = (at: number): number => ((at - now + SHOWN_MS) / SHOWN_MS) * width
    const counts = new Float64Array(Math.ceil(width / COLUMN) + 1)
    const count = (at: number): void => {
      const column = Math.floor(xOf(at) / COLUMN)
      if (column >= 0 && column < counts.length) counts[column] = (counts[column] ?? 0) + 1
    }
    const { attempts, calls, redis } = model.peek()
    for (const { startedAt } of attempts.values()) count(startedAt)
    for (const { askedAt } of calls.values()) count(askedAt)
    const most = Math.max(3, ...counts)
    context.fillStyle = colours.current?.['stop-soft'] ?? ''
    for (const { from, to } of redis.stopped) {
      context.fillRect(xOf(from), 0, Math.max(2, xOf(to ?? now) - xOf(from)), HEIGHT)
    }
    context.fillStyle = colours.current?.quiet ?? ''
    context.globalAlpha = 0.6
    for (const [column, value] of counts.entries()) {
      const height = value === 0 ? 0 : Math.max(2, (value / most) * (HEIGHT - 8))
      context.fillRect(column * COLUMN, HEIGHT - 2 - height, COLUMN - 1, height)
    }
  }, [tick.value, hidden])

  const now = hostNow()
  const shown = span.value ?? SHOWN_MS
  const end = until.value ?? now
  const left = Math.max(0, 100 * (1 - (now - end + shown) / SHOWN_MS))
  const right = Math.max(0, 100 * ((now - end) / SHOWN_MS))
  void tick.value
  const moveTo = (event: PointerEvent): void => {
    const box = (event.currentTarget as HTMLElement).getBoundingClientRect()
    const share = (event.clientX - box.left) / box.width
    const at = hostNow() - SHOWN_MS * (1 - share) + shown / 2
    until.value = at >= hostNow() - 500 ? null : at
  }
  return (
    <div class="overview" hidden={hidden}>
      <span class="sub">last 10 min</span>
      <div
        class="brushed"
        role="slider"
        tabIndex={0}
        aria-label="What the picture shows of the last 10 minutes"
        aria-valuemin={-600}
        aria-valuemax={0}
        aria-valuenow={Math.round((end - now) / 1_000)}
        aria-valuetext={until.value === null ? 'up to now' : `up to ${Math.round((now - end) / 1_000)} s ago`}
        onPointerDown={(event) => {
          event.currentTarget.setPointerCapture(event.pointerId)
          moveTo(event)
        }}
        onPointerMove={(event) => {
          if (event.buttons === 1) moveTo(event)
        }}
        onKeyDown={(event) => {
          const step = { ArrowLeft: -0.25, ArrowRight: 0.25 }[event.key]
          if (step === undefined) return
          event.preventDefault()
          pan(step)
        }}
      >
        <canvas ref={canvas} aria-hidden="true" />
        <i class="brush" style={{ left: `${left}%`, right: `${right}%` }} />
      </div>
    </div>
  )
}
