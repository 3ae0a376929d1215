import type { SimulationResult } from './simulation.ts'

const COLUMN = 34

/**
 * The history of a recorded simulation as text: virtual time downwards, one column a process and one for the storage.
 * What was done to the system begins with `!`.
 */
export function drawTimeLine({ seed, history, processes, violation }: SimulationResult): string {
  const columns = [...Array.from({ length: processes }, (_, index) => `p${index + 1}`), 'storage']
  const row = (time: string, cells: readonly string[]): string =>
    `${time.padStart(10)}  ${cells.map((cell) => cell.padEnd(COLUMN)).join('')}`.trimEnd()
  const lines = history.entries.flatMap(({ at, column, text, fault }) => {
    const index = column === 'storage' ? processes : column
    const shown = (fault ? `! ${readable(text)}` : readable(text)).split('\n')
    return shown.map((line, n) =>
      row(
        n === 0 ? at.toFixed(1) : '',
        columns.map((_, i) => (i === index ? line : '')),
      ),
    )
  })
  const verdict =
    violation === null ? 'no violation' : `${violation.guarantee} violated: ${readable(violation.message)}`
  return [`seed ${seed}: ${verdict}`, '', row('ms', columns), ...lines].join('\n')
}

/** Ids without their padding, revisions without the digits that all of them share. */
function readable(text: string): string {
  return text.replace(/-0{6,}/g, '').replace(/\b1[56]\d{7}(\d{6,9})\b/g, '…$1')
}
