/** Every table in the documents that is made of a table in the code. */
import { replaceCodeTables } from './error-docs.ts'
import { replaceEventTables } from './event-docs.ts'
import { replaceMetricTable } from './metric-docs.ts'
import { optionTableOf, replaceOptionTables } from './option-docs.ts'
import { replaceOutcomeTable } from './outcome-docs.ts'

export async function replaceTables(markdown: string, root: string): Promise<string> {
  const withOptions = await replaceOptionTables(markdown, optionTableOf(root))
  const withOutcomes = await replaceOutcomeTable(withOptions)
  return replaceEventTables(replaceMetricTable(replaceCodeTables(withOutcomes)), root)
}
