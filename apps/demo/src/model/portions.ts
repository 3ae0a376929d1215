import type { StructuredPatchHunk } from 'diff'
import { type ChangedFile, readDiff } from '../review/diff.ts'
import { isGenerated } from '../review/kinds-of-files.ts'
import { estimateTokens } from './model-settings.ts'

/** As much of a difference as one call of a model reads. */
export interface Portion {
  readonly text: string
  /** By path, the lines that the change has added: a finding is about one of them, or it counts for nothing. */
  readonly addedLines: ReadonlyMap<string, ReadonlySet<number>>
}

export interface LeftOut {
  readonly path: string
  readonly why: string
}

interface Budget {
  readonly inputTokens: number
  readonly maxCalls: number
}

/** A part of one file that is not cut. */
interface Piece {
  readonly path: string
  readonly text: string
  readonly tokens: number
  readonly added: readonly number[]
}

/** Cuts a difference so that each portion fits into a call, and says what no call reads. Deletions need no reader. */
export async function portionsOf(
  diff: string,
  { inputTokens, maxCalls }: Budget,
): Promise<{ readonly portions: readonly Portion[]; readonly leftOut: readonly LeftOut[] }> {
  const leftOut: LeftOut[] = []
  const pieces: Piece[] = []
  await readDiff(diff, (file, hunks) => {
    const why = whyUnread(file)
    if (why !== undefined) leftOut.push({ path: file.path, why })
    else if (file.addedLines.length > 0) pieces.push(...piecesOf(file.path, hunks, inputTokens))
  })
  const groups: Piece[][] = []
  let room = 0
  for (const piece of pieces) {
    if (piece.tokens > room) {
      groups.push([])
      room = inputTokens
    }
    groups.at(-1)?.push(piece)
    room -= piece.tokens
  }
  const beyond = new Set(groups.slice(maxCalls).flatMap((group) => group.map(({ path }) => path)))
  for (const path of beyond) {
    leftOut.push({
      path,
      why: `it is beyond the ${maxCalls} calls of ${inputTokens} tokens that a review may take`,
    })
  }
  return { portions: groups.slice(0, maxCalls).map(portionOf), leftOut }
}

function whyUnread({ path, kind, type, binary, tooLarge }: ChangedFile): string | undefined {
  if (kind === 'deleted') return undefined
  if (binary) return 'it is binary, or larger than 20 MB'
  if (tooLarge) return 'its difference is too large'
  if (type === 'submodule') return 'it is a submodule, which is another repository'
  if (type === 'link') return 'it is a link'
  return isGenerated(path) ? 'a tool has written it' : undefined
}

function piecesOf(path: string, hunks: readonly StructuredPatchHunk[], most: number): readonly Piece[] {
  const pieces: Piece[] = []
  const head = `### ${path}\n`
  let lines: string[] = [head]
  let added: number[] = []
  let tokens = estimateTokens(head)
  const end = (): void => {
    if (added.length > 0) pieces.push({ path, text: lines.join(''), tokens, added })
    lines = [head]
    added = []
    tokens = estimateTokens(head)
  }
  const put = (text: string): void => {
    // A line that is longer than a whole call is data. Its beginning says so.
    const line = text.length > MOST_LINE ? `${text.slice(0, MOST_LINE)} …\n` : `${text}\n`
    const more = estimateTokens(line)
    if (tokens + more > most) end()
    lines.push(line)
    tokens += more
  }
  for (const hunk of hunks) {
    put(`@@ line ${hunk.newStart} @@`)
    let number = hunk.newStart
    for (const text of hunk.lines) {
      if (text.startsWith('\\')) continue
      const sign = text.charAt(0)
      put(`${sign}${sign === '-' ? '     ' : String(number).padStart(5)} | ${text.slice(1)}`)
      if (sign === '+') added.push(number)
      if (sign !== '-') number += 1
    }
  }
  end()
  return pieces
}

const MOST_LINE = 500

function portionOf(pieces: readonly Piece[]): Portion {
  const addedLines = new Map<string, Set<number>>()
  for (const { path, added } of pieces) {
    addedLines.set(path, new Set([...(addedLines.get(path) ?? []), ...added]))
  }
  return { text: pieces.map(({ text }) => text).join('\n'), addedLines }
}
