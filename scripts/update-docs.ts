/** `npm run docs:examples`: puts the present text of the example files, and the tables of options, codes, events and metrics, into the documents that show them. */
import { readFileSync, writeFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { documentsIn, regionOf, replaceExamples } from './docs.ts'
import { replaceTables } from './tables.ts'

const root = resolve(import.meta.dirname, '..')
for (const document of documentsIn(root)) {
  const path = resolve(root, document)
  const before = readFileSync(path, 'utf8')
  const shown = replaceExamples(before, (file, region) =>
    regionOf(readFileSync(resolve(root, file), 'utf8'), region),
  )
  const after = await replaceTables(shown, root)
  if (after === before) continue
  writeFileSync(path, after)
  console.log(`updated ${document}`)
}
