/** The table of what becomes of a delivery of BullMQ: made of the one that the tests of `@holdfast/bullmq` go by. */
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'

const BLOCK = /^<!-- outcomes -->\n[\s\S]*?^<!-- end of outcomes -->$/m
const TABLE = resolve(import.meta.dirname, '../packages/bullmq/test/outcomes/table.ts')

/** The document with its table of outcomes, if it has one, replaced by that of the tests. */
export async function replaceOutcomeTable(markdown: string): Promise<string> {
  // By its path: the tests of another workspace are no part of this one.
  const { outcomeTable } = (await import(pathToFileURL(TABLE).href)) as {
    readonly outcomeTable: () => string
  }
  return markdown.replace(BLOCK, () => `<!-- outcomes -->\n\n${outcomeTable()}\n<!-- end of outcomes -->`)
}
