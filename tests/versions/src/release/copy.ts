import { cpSync, globSync, mkdirSync, symlinkSync } from 'node:fs'
import { basename, dirname, join, relative } from 'node:path'
import { workspacesIn } from '@holdfast/test-support/workspaces'
import { ROOT } from '../published.ts'

/** What a release reads besides the packages. */
const FILES = [
  'package.json',
  'pnpm-workspace.yaml',
  '.pnpmfile.cjs',
  '.changeset',
  'scripts/prepack.mjs',
  'scripts/changelog.ts',
]

/** Copies what a release reads: the built packages, and the package.json of every other workspace. */
export function copyForRelease(directory: string): void {
  const copy = (path: string): void =>
    cpSync(join(ROOT, path), join(directory, path), {
      recursive: true,
      filter: (from) => !['node_modules', '.cache', '.turbo', 'test'].includes(basename(from)),
    })
  const workspaces = workspacesIn(ROOT)
  for (const file of FILES) copy(file)
  for (const { folder, published } of workspaces) {
    mkdirSync(join(directory, folder), { recursive: true })
    copy(published ? folder : `${folder}/package.json`)
  }
  // pnpm reads the version of a workspace's package where it is installed.
  for (const link of globSync('packages/*/node_modules/@holdfast/*', { cwd: ROOT })) {
    const target = join(directory, link)
    const folder = workspaces.find(({ manifest }) => manifest.name === `@holdfast/${basename(link)}`)?.folder
    if (folder === undefined) continue
    mkdirSync(dirname(target), { recursive: true })
    symlinkSync(relative(dirname(target), join(directory, folder)), target)
  }
}
