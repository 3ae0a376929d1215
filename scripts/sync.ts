/** `npm run sync`: writes the list of workspaces into the files of those tools that cannot read it themselves. */
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
if (outdated.length > 0)
  execFileSync(
    'oxfmt',
    outdated.map(({ file }) => file),
    { cwd: root, stdio: 'inherit' },
  )
if (outdated.some(({ file }) => file.endsWith('package.json'))) {
  console.log('Now run `npx pnpm install`, which brings pnpm-lock.yaml up to date.')
}
