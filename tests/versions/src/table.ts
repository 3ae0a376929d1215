import type { Cell } from './cell.ts'

export function printCell({ name, outcome, detail, ms }: Cell): void {
  const time = ms === undefined ? '' : `, ${(ms / 1_000).toFixed(1)} s`
  console.log(`${name.join(' · ')}: ${outcome} (${detail}${time})`)
}

/** One table for each kind of cell: the last part of a name is the column, the parts before it are the row. */
export function printTable(cells: readonly Cell[]): void {
  const kinds = Map.groupBy(cells, ({ name }) => name.length)
  for (const ofKind of kinds.values()) {
    const columns = [...new Set(ofKind.map(({ name }) => name.at(-1) ?? ''))]
    const rows = Map.groupBy(ofKind, ({ name }) => name.slice(0, -1).join(' '))
    const lines = [...rows].map(([row, its]) => [
      row,
      ...columns.map((column) => wordFor(its.find(({ name }) => name.at(-1) === column))),
    ])
    console.log(`\n${aligned([['', ...columns], ...lines])}`)
  }
  const reasons = new Set(cells.filter(({ outcome }) => outcome === 'not run').map(({ detail }) => detail))
  for (const reason of reasons) console.log(`–: ${reason}`)
  for (const { name, outcome, detail } of cells) {
    if (outcome === 'failed') console.log(`FAILED: ${name.join(' · ')}: ${detail}`)
  }
  const count = (wanted: Cell['outcome']): number => cells.filter(({ outcome }) => outcome === wanted).length
  console.log(`\n${count('passed')} passed, ${count('failed')} failed, ${count('not run')} not run`)
}

function wordFor(cell: Cell | undefined): string {
  if (cell === undefined || cell.outcome === 'not run') return '–'
  return cell.outcome === 'passed' ? 'ok' : 'FAILED'
}

function aligned(lines: readonly (readonly string[])[]): string {
  const widths = (lines[0] ?? []).map((_, column) =>
    Math.max(...lines.map((line) => line[column]?.length ?? 0)),
  )
  return lines
    .map((line) =>
      line
        .map((word, column) => word.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}
