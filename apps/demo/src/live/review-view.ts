import type { StructuredPatchHunk } from 'diff'
import type { FindingView, ReviewView } from '../events/snapshot.ts'
import { type ChangedFile, readDiff } from '../review/diff.ts'
import { GitInputError, openRepository } from '../review/git-repository.ts'
import type { Finding } from '../review/reviewer.ts'
import { suggestionsOf } from '../review/suggestions.ts'
import type { Review } from '../store/reviews.ts'
import type { Store } from '../store/store.ts'
import type { HangfireDesk } from './hangfire-desk.ts'

type FileView = ReviewView['files'][number]
type HunkView = FileView['hunks'][number]
type LineView = HunkView['lines'][number]

/** A longer difference in one file is data or a bundle, which no reader goes through line by line. */
const MOST_LINES = 3_000

/** More makes a browser slow, and no visitor reads it. */
const MOST_LINES_IN_ALL = 20_000

/** The difference that a review is about, with what was found on its lines. */
export async function viewReview(
  store: Store,
  id: string,
  hangfire?: Pick<HangfireDesk, 'jobsOf'>,
): Promise<ReviewView | undefined> {
  const review = store.reviews.find(id)
  if (review === undefined) return undefined
  const findings = store.reviews.findings(id)
  const jobs = (await hangfire?.jobsOf(id)) ?? []
  const view = {
    id,
    base: review.baseCommit,
    head: review.headCommit,
    moves: store.life.moves(id),
    notices: store.life.notices(id),
    suggestions: suggestionsOf(findings),
    ...secondOf(store, id),
    ...(jobs.length === 0 ? {} : { jobs }),
  }
  try {
    return { ...view, ...(await filesOf(review, findings)), problem: null }
  } catch (error) {
    // The repository may have been moved since, or the commits are gone.
    const problem = error instanceof Error ? error.message : String(error)
    if (!(error instanceof GitInputError)) return { ...view, ...NOTHING, problem: `git says: ${problem}` }
    return { ...view, ...NOTHING, problem }
  }
}

/** Also of a review that goes on, or has failed: what was begun is paid for. */
function secondOf({ modelCalls, secondOpinions }: Store, id: string): Pick<ReviewView, 'second'> {
  const opinion = secondOpinions.find(id)
  const calls = modelCalls.calls(id)
  if (opinion === undefined && calls.length === 0) return {}
  const none = { model: calls[0]?.model ?? '', problem: null, findings: 0, dropped: 0, leftOut: [] }
  return { second: { ...(opinion ?? none), calls, spent: modelCalls.spent(id) } }
}

type Files = Pick<ReviewView, 'additions' | 'deletions' | 'files'>

const NOTHING: Files = { additions: 0, deletions: 0, files: [] }

async function filesOf(
  { repository: path, baseCommit, headCommit }: Review,
  findings: readonly Finding[],
): Promise<Files> {
  const repository = await openRepository(path)
  const diff = await repository.diff({ base: baseCommit, head: headCommit })
  const byFile = Map.groupBy(findings, ({ file }) => file)
  let room = MOST_LINES_IN_ALL
  let [additions, deletions] = [0, 0]
  const files = await readDiff(diff, (file, hunks) => {
    additions += file.addedLines.length
    deletions += file.deletions
    const lines = hunks.reduce((sum, hunk) => sum + hunk.lines.length, 0)
    const note = noteOf(file, lines, room)
    if (note === null) room -= lines
    return fileView(file, note === null ? hunks : [], note, byFile.get(file.path) ?? [])
  })
  return { additions, deletions, files }
}

/** Why there is nothing to show of a file. */
function noteOf(file: ChangedFile, lines: number, room: number): string | null {
  if (file.tooLarge || lines > MOST_LINES)
    return 'The difference of this file is too long to be read line by line.'
  if (file.type === 'submodule') return 'A submodule: another repository, used at another commit.'
  if (file.binary) return 'The file is binary, or larger than 20 MB.'
  if (lines > room)
    return `The page shows ${MOST_LINES_IN_ALL.toLocaleString('en')} lines of a review; this file is beyond them.`
  if (lines > 0) return null
  if (file.previousPath !== undefined) return `The file was moved from ${file.previousPath}, and is the same.`
  return 'The file is empty, or only its mode has changed.'
}

function fileView(
  { path }: ChangedFile,
  hunks: readonly StructuredPatchHunk[],
  note: string | null,
  found: readonly Finding[],
): FileView {
  const count = (severity: Finding['severity']): number =>
    found.filter((finding) => finding.severity === severity).length
  return {
    path,
    errors: count('error'),
    warnings: count('warning'),
    infos: count('info'),
    hunks: hunks.map(hunkView),
    findings: found.map(({ file: _, line = null, ...finding }): FindingView => ({ ...finding, line })),
    note,
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
