import type { HistoryEntry } from './history.ts'
import type { SimulationResult } from './simulation.ts'

/** Longer texts are cut. */
const WIDEST = 60

/**
 * The history of a recorded simulation as text: virtual time downwards, one column a process and one for the storage.
 * What was done to the system begins with `!`, what a guarantee forbids with `✗`.
 */
export function drawTimeLine({ seed, history, processes, violation }: SimulationResult): string {
  const { entries } = history
  const columns = [...Array.from({ length: processes }, (_, index) => index), 'storage' as const]
    .filter((column) => column === 'storage' || entries.some((entry) => entry.column === column))
    .map((column) => {
      const texts = entries.filter((entry) => entry.column === column).map(textOf)
      const width = 2 + Math.max(10, ...texts.map((text) => text.length))
      return { column, width, name: column === 'storage' ? 'storage' : `p${column + 1}` }
    })
  const row = (time: string, cell: (at: (typeof columns)[number]) => string): string =>
    `${time.padStart(10)}  ${columns.map((at) => cell(at).padEnd(at.width)).join('')}`.trimEnd()
  const verdict =
    violation === null ? 'no violation' : `${violation.guarantee} violated: ${readable(violation.message)}`
  return [
    `seed ${seed}: ${verdict}`,
    '',
    row('ms', ({ name }) => name),
    ...entries.map((entry) =>
      row(entry.at.toFixed(1), ({ column }) => (column === entry.column ? textOf(entry) : '')),
    ),
  ].join('\n')
}

function textOf({ text, fault }: HistoryEntry): string {
  const [line = ''] = readable(text).split('\n')
  const marked = fault ? `! ${line}` : line
  return marked.length > WIDEST ? `${marked.slice(0, WIDEST - 1)}…` : marked
}

/** Ids without their padding, revisions without the digits that all of them share. */
function readable(text: string): string {
  return text.replace(/-0{6,}/g, '').replace(/\b1[56]\d{7}(\d{6,9})\b/g, '…$1')
}
