/** `npm run sync`: writes the list of workspaces, and what all packages say alike, into the files that repeat them. */
import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { outdatedFiles } from './synced-files.ts'

const root = resolve(import.meta.dirname, '..')
const outdated = outdatedFiles(root)
for (const { file, text } of outdated) {
  writeFileSync(join(root, file), text)
  console.log(`updated ${file}`)
}
const formatted = outdated.map(({ file }) => file).filter((file) => file.endsWith('.json'))
if (formatted.length > 0) execFileSync('oxfmt', formatted, { cwd: root, stdio: 'inherit' })
if (outdated.some(({ file }) => file.endsWith('package.json'))) {
  console.log('Now run `npx pnpm install`, which brings pnpm-lock.yaml up to date.')
}
