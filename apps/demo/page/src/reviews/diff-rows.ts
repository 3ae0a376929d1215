import type { FindingView, ReviewView } from '../../../src/events/snapshot.ts'

export type FileView = ReviewView['files'][number]
type LineView = FileView['hunks'][number]['lines'][number]

/** The rows of a file's diff, from the top. */
export type DiffRow =
  | { readonly kind: 'hunk'; readonly hunk: number; readonly header: string }
  | {
      readonly kind: 'line'
      readonly index: number
      readonly line: LineView
      readonly worst: Severity | null
    }
  | { readonly kind: 'finding'; readonly finding: FindingView; readonly number: number }
  /** Lines that are not shown yet; `to` does not move when some of them are. */
  | { readonly kind: 'more'; readonly from: number; readonly to: number }

type Severity = FindingView['severity']

/** Lines by their index within the file's diff, the first one and the one after the last. */
export interface Stretch {
  readonly from: number
  readonly to: number
}

/** So many lines are shown at once, and so many more by each press. */
const AT_FIRST = 80
export const STEP = 20

/** Lines above and below a finding that are always shown. */
const AROUND = 4

/** A gap that is no longer than its button is tall is not worth hiding. */
const WORTH_HIDING = 4

export interface DiffRows {
  readonly rows: readonly DiffRow[]
  /** Findings about the whole file, or about a line that the diff does not have. */
  readonly above: readonly FindingView[]
}

/**
 * Hunks, lines, and every finding under its line. Of a long file the first lines and those around findings; the reader has
 * opened the stretches in `opened`.
 */
export function diffRows(file: FileView, opened: readonly Stretch[] = []): DiffRows {
  const lines = file.hunks.flatMap(({ lines: ofHunk }, hunk) => ofHunk.map((line) => ({ hunk, line })))
  const indexOf = new Map(lines.map(({ line }, index) => [line.newLine, index]))
  const findings = inOrder(file)
  const under = (index: number): readonly FindingView[] => {
    const at = lines[index]?.line.newLine ?? null
    return at === null ? [] : findings.filter(({ line }) => line === at)
  }
  const shown = visible(lines.length, [
    ...opened,
    ...findings.flatMap(({ line }) => {
      const index = line === null ? undefined : indexOf.get(line)
      return index === undefined ? [] : [{ from: index - AROUND, to: index + AROUND + 1 }]
    }),
  ])

  const rows: DiffRow[] = []
  let hunk = -1
  for (let index = 0; index < lines.length; index += 1) {
    const at = lines[index]
    if (at === undefined) break
    if (shown[index] !== true) {
      const to = shown.indexOf(true, index)
      const end = to === -1 ? lines.length : to
      rows.push({ kind: 'more', from: index, to: end })
      index = end - 1
      continue
    }
    if (at.hunk !== hunk) {
      hunk = at.hunk
      rows.push({ kind: 'hunk', hunk, header: file.hunks[hunk]?.header ?? '' })
    }
    const here = under(index)
    rows.push({ kind: 'line', index, line: at.line, worst: here[0]?.severity ?? null })
    for (const finding of here) rows.push({ kind: 'finding', finding, number: findings.indexOf(finding) })
  }
  return { rows, above: findings.filter(({ line }) => line === null || !indexOf.has(line)) }
}

/** Findings as one goes through them: those about the file, then by line, the worst of a line first. */
export function inOrder(file: FileView): readonly FindingView[] {
  const weight: Readonly<Record<Severity, number>> = { error: 0, warning: 1, info: 2 }
  const shown = new Set(file.hunks.flatMap(({ lines }) => lines.map(({ newLine }) => newLine)))
  const place = ({ line }: FindingView): number => (line === null || !shown.has(line) ? 0 : line)
  return file.findings.toSorted((a, b) => place(a) - place(b) || weight[a.severity] - weight[b.severity])
}

function visible(count: number, stretches: readonly Stretch[]): readonly boolean[] {
  const all = count <= AT_FIRST + STEP
  const shown = Array.from({ length: count }, (_, index) => all || index < AT_FIRST)
  for (const { from, to } of stretches) shown.fill(true, Math.max(0, from), Math.max(0, to))
  let hiddenFrom = 0
  for (let index = 0; index <= count; index += 1) {
    if (index < count && shown[index] !== true) continue
    if (index - hiddenFrom < WORTH_HIDING) shown.fill(true, hiddenFrom, index)
    hiddenFrom = index + 1
  }
  return shown
}
