import type { FindingView, ReviewView } from '../../../src/events/snapshot.ts'
import type { FileView } from '../../src/reviews/diff-rows.ts'

type Hunk = FileView['hunks'][number]

export const finding = (line: number | null, severity: FindingView['severity'] = 'warning'): FindingView => ({
  line,
  severity,
  category: 'quality',
  rule: 'a/rule',
  message: `About ${line}.`,
  suggestion: 'Write it another way.',
})

/** So many unchanged lines from this one on. */
export const unchanged = (from: number, count: number): Hunk => ({
  header: `@@ from ${from} @@`,
  lines: Array.from({ length: count }, (_, index) => ({
    kind: 'same',
    oldLine: from + index,
    newLine: from + index,
    text: `line ${from + index}`,
  })),
})

export const fileOf = (hunks: readonly Hunk[], findings: readonly FindingView[] = []): FileView => ({
  path: 'src/a.ts',
  errors: 0,
  warnings: 0,
  infos: 0,
  hunks,
  findings,
  note: hunks.length === 0 ? 'The file is binary.' : null,
})

export const reviewOf = (files: readonly FileView[]): ReviewView => ({
  id: 'r',
  base: 'a',
  head: 'b',
  additions: 0,
  deletions: 0,
  files,
  suggestions: [],
  moves: [],
  notices: [],
  problem: null,
})
