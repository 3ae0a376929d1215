import { type StructuredPatchHunk, parsePatch } from 'diff'
import type { FindingView, ReviewView } from '../events/snapshot.ts'
import { openRepository } from '../review/git-repository.ts'
import type { Finding } from '../review/reviewer.ts'
import type { Store } from '../store/store.ts'

type FileView = ReviewView['files'][number]
type HunkView = FileView['hunks'][number]
type LineView = HunkView['lines'][number]

/** A longer difference in one file is data or a bundle, and nobody reads it line by line. */
const MOST_LINES = 3_000

/** The difference that a review is about, with what was found on its lines. */
export async function viewReview(store: Store, id: string): Promise<ReviewView | undefined> {
  const review = store.reviews.find(id)
  if (review === undefined) return undefined
  const repository = await openRepository(review.repository)
  const diff = await repository.diff({ base: review.baseCommit, head: review.headCommit })
  const findings = Map.groupBy(store.reviews.findings(id), ({ file }) => file)
  const files = parsePatch(diff).map(({ oldFileName, newFileName, hunks }) => {
    const path = nameOf(newFileName) ?? nameOf(oldFileName) ?? ''
    return fileView(path, hunks, findings.get(path) ?? [])
  })
  const lines = files.flatMap(({ hunks }) => hunks.flatMap((hunk) => hunk.lines))
  return {
    id,
    base: review.baseCommit,
    head: review.headCommit,
    additions: lines.filter(({ kind }) => kind === 'added').length,
    deletions: lines.filter(({ kind }) => kind === 'removed').length,
    files,
    suggestions: store.effects.comments(id, 'suggestion'),
  }
}

/** git writes the two sides as `a/path` and `b/path`, and a missing side as `/dev/null`. */
function nameOf(name: string | undefined): string | undefined {
  return name === undefined || name === '/dev/null' ? undefined : name.slice(2)
}

function fileView(path: string, hunks: readonly StructuredPatchHunk[], found: readonly Finding[]): FileView {
  const count = (severity: Finding['severity']): number =>
    found.filter((finding) => finding.severity === severity).length
  const isLong = hunks.reduce((sum, { lines }) => sum + lines.length, 0) > MOST_LINES
  return {
    path,
    errors: count('error'),
    warnings: count('warning'),
    infos: count('info'),
    hunks: isLong ? [] : hunks.map(hunkView),
    findings: found.map(({ line, severity, rule, message }): FindingView => ({
      line: line ?? null,
      severity,
      rule,
      message,
    })),
  }
}

function hunkView({ oldStart, oldLines, newStart, newLines, lines }: StructuredPatchHunk): HunkView {
  let oldLine = oldStart
  let newLine = newStart
  const views = lines
    // A backslash line says that there is no newline at the end; it is no line of the file.
    .filter((text) => !text.startsWith('\\'))
    .map((text): LineView => {
      const kind = text.startsWith('+') ? 'added' : text.startsWith('-') ? 'removed' : 'same'
      return {
        kind,
        oldLine: kind === 'added' ? null : oldLine++,
        newLine: kind === 'removed' ? null : newLine++,
        text: text.slice(1),
      }
    })
  return { header: `@@ -${oldStart},${oldLines} +${newStart},${newLines} @@`, lines: views }
}
