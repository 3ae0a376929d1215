/** The tables of codes in the documents: made of the one table in the code, which `holdfast codes` prints. */
import { CODES, type Explanation } from '@holdfast/cli/codes'

const BLOCK = /^<!-- codes: (\w+) -->\n[\s\S]*?^<!-- end of codes -->$/gm

/** The document with each table of the codes of a kind replaced by what the code has. */
export function replaceCodeTables(markdown: string): string {
  return markdown.replace(
    BLOCK,
    (_, kind: string) => `<!-- codes: ${kind} -->\n\n${codeTable(kind)}\n\n<!-- end of codes -->`,
  )
}

function codeTable(kind: string): string {
  const rows = Object.entries<Explanation>(CODES)
    .filter(([, explanation]) => explanation.kind === kind)
    .map(([code, { from, means, doThis }]) => {
      const entry = `[\`${code}\`](../operations/runbook.md#${code.toLowerCase()})`
      return `| ${entry} | ${packagesOf(from)} | ${cell(means)} | ${cell(doThis)} |`
    })
  if (rows.length === 0) throw new Error(`there are no codes of the kind ${kind}`)
  return ['| code | of | what happened | what to do |', '|---|---|---|---|', ...rows].join('\n')
}

/** `core` for `@holdfast/core`. */
function packagesOf(from: string): string {
  return from.replaceAll('@holdfast/', '')
}

/** Options, members and commands are plain text in a terminal; here they may not look like a table or a tag. */
function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('<', '&lt;')
}
