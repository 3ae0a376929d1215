import { counted } from '../counted.ts'
import { paragraph } from '../terminal/text.ts'
import type { Judged } from './judge/invariant.ts'
import type { Sums } from './judge/sums.ts'

/** More say nothing that these do not. */
const MOST_ROWS = 10

/** One line for each invariant, and the rows that break it. */
export function verdictLines(all: readonly Judged[], width: number): readonly string[] {
  return all.flatMap(({ invariant, of, broken }) => {
    if (broken.length === 0) return [paragraph(`ok      ${invariant}: ${of}`, width, 8)]
    const more = broken.length > MOST_ROWS ? [`and ${broken.length - MOST_ROWS} more`] : []
    return [
      paragraph(`BROKEN  ${invariant}: ${counted(broken.length, 'time')} (${of})`, width, 8),
      ...[...broken.slice(0, MOST_ROWS), ...more].map((row) => `        ${paragraph(row, width - 8, 8)}`),
    ]
  })
}

/** `reviews 12, starts 40`, and so on. */
export function sumsLine(sums: Sums, width: number): string {
  const parts = Object.entries(sums).map(([name, count]) => `${name} ${count}`)
  return paragraph(parts.join(', '), width)
}
