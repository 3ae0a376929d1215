import { readFileSync } from 'node:fs'
import { join } from 'node:path'

export interface RunbookEntry {
  /** Of the section, without the quotes of a code. */
  readonly title: string
  readonly text: string
  /** The lines for the shell. */
  readonly lines: readonly string[]
}

export const runbook = readFileSync(
  join(import.meta.dirname, '../../../../docs/operations/runbook.md'),
  'utf8',
)

/** The functions that the page has its reader define. */
export const shellFunctions: readonly string[] = linesIn(runbook.slice(0, runbook.indexOf('\n## '))).filter(
  (line) => /^\w+\(\) \{/.test(line),
)

/** The sections of the third level: one for each symptom, alert and code. */
export const entries: readonly RunbookEntry[] = runbook
  .split(/^(?=#{2,3} )/m)
  .filter((section) => section.startsWith('### '))
  .map((text) => ({
    title: (/^### (.*)/.exec(text)?.[1] ?? '').replaceAll('`', ''),
    text,
    lines: linesIn(text),
  }))

function linesIn(text: string): string[] {
  return Array.from(text.matchAll(/^```sh\n(.*?)^```$/gms), ([, block = '']) =>
    block.trim().split('\n'),
  ).flat()
}
