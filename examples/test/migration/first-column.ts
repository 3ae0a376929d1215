import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'

const root = resolve(import.meta.dirname, '../../..')

/** The calls that the table under "Call by call" names first, in its order. */
export function firstColumnOf(document: string): string[] {
  const [, table = ''] = readFileSync(resolve(root, document), 'utf8').split('## Call by call\n')
  return [...(table.split('\n## ')[0] ?? '').matchAll(/^\| `([^`]+)` \|/gm)].map(([, call = '']) => call)
}
