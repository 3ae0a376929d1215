import { relative } from 'node:path'
import type Table from 'cli-table3'

/** As wide as people read, and what a terminal without a size, a file or a pipe gets. */
const WIDTH = 80

/** A table that draws no lines. */
export const NO_LINES = Object.fromEntries(
  [
    'top',
    'top-mid',
    'top-left',
    'top-right',
    'bottom',
    'bottom-mid',
    'bottom-left',
    'bottom-right',
    'left',
    'left-mid',
    'mid',
    'mid-mid',
    'right',
    'right-mid',
    'middle',
  ].map((name) => [name, '']),
) as Partial<Record<Table.CharName, string>>

export function terminalWidth(): number {
  const { columns } = process.stdout
  return columns > 0 ? Math.min(columns, WIDTH) : WIDTH
}

/**
 * The text in lines of at most `width`, broken between words; all but the first begin with `indent` spaces. A longer word,
 * such as a path, has a line for itself.
 */
export function paragraph(text: string, width: number, indent = 0): string {
  const line = new RegExp(String.raw`\S.{0,${width - indent - 1}}(?=\s|$)|\S+`, 'gm')
  return (text.match(line) ?? []).join(`\n${' '.repeat(indent)}`)
}

/** `text` in at most `width` characters. */
export function clipped(text: string, width: number): string {
  return text.length <= width ? text : `${text.slice(0, Math.max(0, width - 1))}…`
}

/** As the caller's shell understands it, when that is shorter. */
export function pathForReading(path: string): string {
  const short = relative(process.env['INIT_CWD'] ?? process.cwd(), path)
  return short.length < path.length ? short : path
}
