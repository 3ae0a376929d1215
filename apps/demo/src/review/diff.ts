import { createHash } from 'node:crypto'
import { setImmediate as nextTick } from 'node:timers/promises'
import { type StructuredPatch, type StructuredPatchHunk, parsePatch } from 'diff'

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
  /** Only a file has content: a link has the name of another, a submodule the commit of one. */
  readonly type: 'file' | 'link' | 'submodule'
  readonly binary: boolean
  /** Its difference is longer than a person reads: its lines are not counted, so both counts are 0. */
  readonly tooLarge: boolean
  /** git's name for the content after the change; absent when the content is as before. */
  readonly contentId?: string
  /** The same of the content before; absent when the content is as before, and when there was none. */
  readonly previousId?: string
  readonly addedLines: readonly AddedLine[]
  readonly deletions: number
}

interface AddedLine {
  /** In the file after the change, from 1. */
  readonly line: number
  readonly text: string
}

/** A longer difference in one file is data or a bundle. */
const MOST_CHARACTERS = 2 ** 20

const LONGEST_TURN_MS = 20

/** Reads what `git diff --full-index` prints. */
export async function parseChange(diff: string): Promise<Change> {
  const files = await readDiff(diff, (file) => file)
  return { hash: createHash('sha256').update(diff).digest('hex'), files }
}

/** Reads a difference file by file. Gives way to others meanwhile: leases have to be renewed. */
export async function readDiff<T>(
  diff: string,
  read: (file: ChangedFile, hunks: readonly StructuredPatchHunk[]) => T,
): Promise<readonly T[]> {
  const files: T[] = []
  let turnAt = performance.now()
  // No line of a file's difference begins so; lines end with \n and nothing else.
  for (const text of diff.split(/(?<=\n)(?=diff --git )/)) {
    if (text !== '') {
      const { file, hunks } = changedFile(text)
      files.push(read(file, hunks))
    }
    if (performance.now() - turnAt < LONGEST_TURN_MS) continue
    await nextTick()
    turnAt = performance.now()
  }
  return files
}

function changedFile(text: string): {
  readonly file: ChangedFile
  readonly hunks: readonly StructuredPatchHunk[]
} {
  const head = text.slice(0, text.indexOf('\n@@ ') + 1 || undefined)
  const [, previousId, contentId] = /\nindex ([0-9a-f]+)\.\.([0-9a-f]+)/.exec(head) ?? []
  const tooLarge = text.length > MOST_CHARACTERS
  const [patch] = parsePatch(tooLarge ? head : text)
  if (patch === undefined) throw new Error(`git's difference cannot be read: ${head}`)
  const before = withoutSide(patch.oldFileName)
  const after = withoutSide(patch.newFileName)
  const path = after ?? before ?? ''
  const { addedLines, deletions } = countLines(patch)
  const file: ChangedFile = {
    path,
    ...(before !== undefined && before !== path ? { previousPath: before } : {}),
    kind: kindOf(patch, before, path),
    type: typeOf(head),
    binary: patch.isBinary === true,
    tooLarge,
    ...(contentId === undefined || isNothing(contentId) ? {} : { contentId }),
    ...(previousId === undefined || isNothing(previousId) ? {} : { previousId }),
    addedLines,
    deletions,
  }
  return { file, hunks: patch.hunks }
}

/** Of a side that is missing. */
function isNothing(id: string): boolean {
  return /^0+$/.test(id)
}

/** By the mode after the change; of a deleted file, before it. */
function typeOf(head: string): ChangedFile['type'] {
  const [, mode] =
    /\n(?:new file mode|deleted file mode|new mode) (\d+)/.exec(head) ??
    /\nindex [0-9a-f]+\.\.[0-9a-f]+ (\d+)/.exec(head) ??
    []
  if (mode === '160000') return 'submodule'
  return mode === '120000' ? 'link' : 'file'
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
