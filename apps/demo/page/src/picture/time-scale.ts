import type { Interval } from './busy.ts'

/**
 * Where a moment lies, in pixels from the first that is known. A position never changes while time goes on, so that what was
 * laid out stays where it is, and the view moves over it. Long times without events are folded.
 */
export interface TimeScale {
  readonly xOf: (at: number) => number
  readonly timeOf: (x: number) => number
  readonly pixelsPerMs: number
  readonly folds: readonly Fold[]
  /** Nothing has happened for long: now stands still, and the last fold grows. */
  readonly isResting: boolean
}

/** A time without events, shown as a break of the axis. */
export interface Fold extends Interval {
  readonly x: number
  readonly width: number
}

/** The break's width. */
export const FOLD_PX = 40

/** What is kept of a quiet time on both sides of a break, so that the last event before it can be read. */
const KEPT_BESIDE = 0.05

/**
 * @param spanMs what the width of the view stands for
 * @param busy sorted, and apart from each other: see `busyTimes`
 */
export function timeScale(
  origin: number,
  spanMs: number,
  width: number,
  busy: readonly Interval[],
  now: number,
): TimeScale {
  const pixelsPerMs = width / spanMs
  const folds: Fold[] = []
  let cut = 0
  const longest = spanMs / 4
  for (const [index, { to }] of busy.entries()) {
    const next = busy[index + 1]
    const quiet = (next?.from ?? now) - to
    if (quiet <= longest) continue
    const beside = spanMs * KEPT_BESIDE
    const from = to + beside
    // After the last event: the view stands still once a quarter of it is empty.
    const until = next === undefined ? now : next.from - beside
    const shown = next === undefined ? (longest - beside) * pixelsPerMs : FOLD_PX
    folds.push({ from, to: until, x: (from - origin) * pixelsPerMs - cut, width: shown })
    cut += (until - from) * pixelsPerMs - shown
  }
  return {
    pixelsPerMs,
    folds,
    isResting: folds.at(-1)?.to === now,
    xOf: (at) => xIn(folds, origin, pixelsPerMs, at),
    timeOf: (x) => timeIn(folds, origin, pixelsPerMs, x),
  }
}

/** Where now is, although the scale was made a moment ago. */
export function xOfNow({ folds, isResting, xOf }: TimeScale, now: number): number {
  const last = folds.at(-1)
  return isResting && last !== undefined ? last.x + last.width : xOf(now)
}

function xIn(folds: readonly Fold[], origin: number, pixelsPerMs: number, at: number): number {
  const before = lastWhere(folds, ({ from }) => from <= at)
  if (before === undefined) return (at - origin) * pixelsPerMs
  const { from, to, x, width } = before
  if (at >= to) return x + width + (at - to) * pixelsPerMs
  return x + (width * (at - from)) / (to - from)
}

function timeIn(folds: readonly Fold[], origin: number, pixelsPerMs: number, x: number): number {
  const before = lastWhere(folds, (fold) => fold.x <= x)
  if (before === undefined) return origin + x / pixelsPerMs
  const { from, to, width } = before
  if (x >= before.x + width) return to + (x - before.x - width) / pixelsPerMs
  return from + ((x - before.x) / width) * (to - from)
}

/** Of a list of which a first part holds: its last. */
function lastWhere<T>(list: readonly T[], holds: (item: T) => boolean): T | undefined {
  let [low, high] = [0, list.length]
  while (low < high) {
    const middle = (low + high) >> 1
    const item = list[middle]
    if (item !== undefined && holds(item)) low = middle + 1
    else high = middle
  }
  return list[low - 1]
}
