/** What was seen of a page that follows, at one moment. */
export interface Sample {
  readonly atMs: number
  /** Told up to then. */
  readonly events: number
  /** Until the page said what had been told. */
  readonly delayMs: number
  readonly heapBytes: number
  readonly nodes: number
  readonly listeners: number
  readonly serverBytes: number
}

/** The page keeps ten minutes, or so many starts: before that is reached, what it keeps has to grow. */
const FULL_MS = 10.5 * 60_000
const FULL_EVENTS = 95_000

/** Of what the first third keeps. */
const MOST_GROWTH = 0.1
/** Words change twice a second, and the machine may have other things to do. */
const MOST_DELAY_MS = 1_000

/** In words, what grew; of the time after the histories were full, the last third beside the first. */
export function faultsOf(samples: readonly Sample[]): readonly string[] {
  const full = samples.filter(({ atMs, events }) => atMs >= FULL_MS || events >= FULL_EVENTS)
  const third = Math.floor(full.length / 3)
  const delays = growthOf(samples, Math.floor(samples.length / 3), ({ delayMs }) => delayMs)
  const isLate = delays !== undefined && delays.after > delays.before + MOST_DELAY_MS
  return [
    ...grown(
      'heap',
      'MB',
      growthOf(full, third, ({ heapBytes }) => heapBytes / 1e6),
    ),
    ...grown(
      'DOM',
      'nodes',
      growthOf(full, third, ({ nodes }) => nodes),
    ),
    ...grown(
      'page',
      'listeners',
      growthOf(full, third, ({ listeners }) => listeners),
    ),
    ...grown(
      'server',
      'MB',
      growthOf(full, third, ({ serverBytes }) => serverBytes / 1e6),
    ),
    ...(isLate
      ? [
          `The page falls behind: ${delays.before.toFixed(0)} ms at first, ${delays.after.toFixed(0)} ms at last.`,
        ]
      : []),
  ]
}

interface Growth {
  readonly before: number
  readonly after: number
}

function growthOf(
  samples: readonly Sample[],
  third: number,
  of: (sample: Sample) => number,
): Growth | undefined {
  if (third === 0) return undefined
  return { before: median(samples.slice(0, third).map(of)), after: median(samples.slice(-third).map(of)) }
}

function grown(what: string, unit: string, growth: Growth | undefined): readonly string[] {
  if (growth === undefined || growth.after <= growth.before * (1 + MOST_GROWTH)) return []
  const [before, after] = [growth.before.toFixed(1), growth.after.toFixed(1)]
  return [`The ${what} grows: ${before} ${unit} in the first third, ${after} ${unit} in the last.`]
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN
}
