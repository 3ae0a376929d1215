import Table from 'cli-table3'
import { counted } from '../counted.ts'
import { CATEGORIES, type Finding } from '../review/reviewer.ts'
import { type Risk, riskInWords } from '../review/risk.ts'
import type { Accuracy } from './accuracy.ts'
import type { Planted } from './sample-files.ts'

/** The findings as a compiler says them, and the risk. */
export function findingsInWords(findings: readonly Finding[], risk: Risk): string {
  return [
    ...findings.flatMap(({ file, line, severity, category, rule, message, suggestion }) => [
      `${placeOf({ file, ...(line === undefined ? {} : { line }) })}  ${severity} ${category} ${rule}`,
      `  ${message}`,
      `  → ${suggestion}`,
    ]),
    `${counted(findings.length, 'finding')}, ${riskInWords(risk)}:`,
    ...risk.factors.map(({ points, reason }) => `  +${points} ${reason}`),
  ].join('\n')
}

/** What was found of what is there, by category. */
export function accuracyInWords(
  planted: readonly Planted[],
  { precision, recall, found, missed, wrong }: Accuracy,
): string {
  const table = new Table({
    head: ['category', 'planted', 'found', 'wrong'],
    style: { head: [], border: [] },
  })
  for (const category of CATEGORIES) {
    const count = (of: readonly { readonly category: string }[]): number =>
      of.filter((each) => each.category === category).length
    table.push([category, count(planted), count(found), count(wrong)])
  }
  return [
    table.toString(),
    `precision ${percent(precision)}, recall ${percent(recall)}: ${found.length} of ${counted(planted.length, 'fault')} found, ${counted(wrong.length, 'finding')} about what is no fault`,
    ...missed.map((fault) => `not found: ${placeOf(fault)} ${fault.category} ${fault.rule}`),
    ...wrong.map((finding) => `no fault: ${placeOf(finding)} ${finding.category} ${finding.rule}`),
  ].join('\n')
}

function placeOf({ file, line }: { readonly file: string; readonly line?: number }): string {
  return line === undefined ? file : `${file}:${line}`
}

function percent(part: number): string {
  return `${Math.round(1000 * part) / 10} %`
}
