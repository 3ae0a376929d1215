import { createHash } from 'node:crypto'
import { type StructuredPatch, parsePatch } from 'diff'

/** The difference between two commits, file by file. */
export interface Change {
  /** Of the whole difference, contents of the changed files included: equal changes have equal hashes. */
  readonly hash: string
  readonly files: readonly ChangedFile[]
}

export interface ChangedFile {
  /** After the change; of a deleted file, before it. */
  readonly path: string
  readonly previousPath?: string
  readonly kind: 'added' | 'deleted' | 'modified' | 'renamed'
  readonly binary: boolean
  readonly addedLines: readonly AddedLine[]
  readonly deletions: number
}

interface AddedLine {
  /** In the file after the change, from 1. */
  readonly line: number
  readonly text: string
}

/** Reads what `git diff` prints. */
export function parseChange(diff: string): Change {
  return {
    hash: createHash('sha256').update(diff).digest('hex'),
    files: diff === '' ? [] : parsePatch(diff).map(changedFile),
  }
}

function changedFile(patch: StructuredPatch): ChangedFile {
  const before = withoutSide(patch.oldFileName)
  const after = withoutSide(patch.newFileName)
  const path = after ?? before ?? ''
  const { addedLines, deletions } = countLines(patch)
  return {
    path,
    ...(before !== undefined && before !== path ? { previousPath: before } : {}),
    kind: kindOf(patch, before, path),
    binary: patch.isBinary === true,
    addedLines,
    deletions,
  }
}

function kindOf(patch: StructuredPatch, before: string | undefined, path: string): ChangedFile['kind'] {
  if (patch.isCreate) return 'added'
  if (patch.isDelete) return 'deleted'
  return before !== undefined && before !== path ? 'renamed' : 'modified'
}

/** git writes the two sides as `a/path` and `b/path`, and a missing side as `/dev/null`. */
function withoutSide(name: string | undefined): string | undefined {
  return name === undefined || name === '/dev/null' ? undefined : name.slice(2)
}

function countLines(patch: StructuredPatch): Pick<ChangedFile, 'addedLines' | 'deletions'> {
  const addedLines: AddedLine[] = []
  let deletions = 0
  for (const hunk of patch.hunks) {
    let line = hunk.newStart
    for (const text of hunk.lines) {
      if (text.startsWith('+')) addedLines.push({ line, text: text.slice(1) })
      if (text.startsWith('-')) deletions += 1
      // A backslash line says that there is no newline at the end; it is no line of the file.
      if (text.startsWith('+') || text.startsWith(' ')) line += 1
    }
  }
  return { addedLines, deletions }
}
