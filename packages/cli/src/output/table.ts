import Table from 'cli-table3'
import { coloured } from './text.ts'

const NO_LINES = {
  top: '',
  'top-mid': '',
  'top-left': '',
  'top-right': '',
  bottom: '',
  'bottom-mid': '',
  'bottom-left': '',
  'bottom-right': '',
  left: '',
  'left-mid': '',
  mid: '',
  'mid-mid': '',
  right: '',
  'right-mid': '',
  middle: '',
} as const

/** Columns under their names, without lines. The cells are shown as they are: see `visible`. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const made = new Table({
    chars: NO_LINES,
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 2 },
  })
  made.push(
    head.map((name) => coloured('dim', name)),
    ...rows.map((row) => [...row]),
  )
  return trimmed(made.toString())
}

/** Names and values, one a line. */
export function facts(pairs: readonly (readonly [name: string, value: string])[]): string {
  const width = Math.max(...pairs.map(([name]) => name.length))
  return pairs.map(([name, value]) => `${coloured('dim', name.padEnd(width))}  ${value}`).join('\n')
}

function trimmed(text: string): string {
  return text.replace(/ +$/gm, '')
}
