import { readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Page } from '@holdfast/test-support/chromium'

export interface Frames {
  /** Of each frame: how long scripts, styles and painting took on the page's own thread. Milliseconds, rising. */
  readonly work: readonly number[]
  /** Between the beginnings of two frames. */
  readonly gaps: readonly number[]
}

interface TraceEvent {
  readonly name: string
  readonly ph: string
  readonly ts: number
  readonly dur?: number
  readonly tid: number
  readonly pid: number
  readonly args?: { readonly name?: string }
}

/** What the browser itself says of the page's frames, while `act` goes on. */
export async function framesWhile(page: Page, act: () => Promise<void>): Promise<Frames> {
  const browser = page.context().browser()
  if (browser === null) throw new Error('The page has no browser.')
  const path = join(tmpdir(), `aireview-trace-${process.pid}-${Date.now()}.json`)
  await browser.startTracing(page, { path, categories: ['devtools.timeline', 'toplevel', '__metadata'] })
  await act()
  await browser.stopTracing()
  const { traceEvents } = JSON.parse(await readFile(path, 'utf8')) as { traceEvents: readonly TraceEvent[] }
  await rm(path)
  return framesOf(traceEvents)
}

function framesOf(events: readonly TraceEvent[]): Frames {
  const frames = events.filter(({ name, ph }) => name === 'FireAnimationFrame' && ph === 'X')
  // The thread that draws the page: that of its animation frames.
  const [first] = frames
  if (first === undefined) throw new Error('The trace has no animation frame.')
  const isOfPage = ({ pid, tid }: TraceEvent): boolean => pid === first.pid && tid === first.tid
  const begins = frames
    .filter(isOfPage)
    .map(({ ts }) => ts)
    .toSorted((a, b) => a - b)
  const tasks = outermost(
    events.filter((event) => isOfPage(event) && event.ph === 'X' && SCRIPTS.has(event.name)),
  )
  const work = begins.map(() => 0)
  let index = 0
  for (const { ts, dur = 0 } of tasks) {
    while (index + 1 < begins.length && (begins[index + 1] ?? Infinity) <= ts) index += 1
    work[index] = (work[index] ?? 0) + dur / 1_000
  }
  return {
    work: work.toSorted((a, b) => a - b),
    gaps: begins
      .slice(1)
      .map((ts, each) => (ts - (begins[each] ?? ts)) / 1_000)
      .toSorted((a, b) => a - b),
  }
}

const SCRIPTS = new Set([
  'FireAnimationFrame',
  'EventDispatch',
  'TimerFire',
  'FunctionCall',
  'RunMicrotasks',
  'UpdateLayoutTree',
  'Layout',
  'PrePaint',
  'Paint',
])

/** Without those that lie within another one, which has their time. */
function outermost(events: readonly TraceEvent[]): readonly TraceEvent[] {
  let end = -Infinity
  return events
    .toSorted((a, b) => a.ts - b.ts || (b.dur ?? 0) - (a.dur ?? 0))
    .filter(({ ts, dur = 0 }) => {
      if (ts < end) return false
      end = ts + dur
      return true
    })
}

export function percentile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN
}
