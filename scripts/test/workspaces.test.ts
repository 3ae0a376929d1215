import { globSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { workspacesIn } from '@holdfast/test-support/workspaces'
import { describe, expect, it } from 'vitest'
import { outdatedFiles } from '../synced-files.ts'

const root = resolve(import.meta.dirname, '../..')
const workspaces = workspacesIn(root)

describe('the list of workspaces', () => {
  it('is what every tool goes by: after a change, run `npm run sync`', () => {
    expect(outdatedFiles(root).map(({ file }) => file)).toEqual([])
  })

  it('has every package.json: one that is missing belongs into pnpm-workspace.yaml', () => {
    const exclude = (path: string): boolean => /(^|\/)(node_modules|dist|\.cache)$/.test(path)
    const found = globSync('**/package.json', { cwd: root, exclude })
    const listed = workspaces.map(({ folder }) => `${folder}/package.json`)
    expect(found.toSorted()).toEqual(['package.json', ...listed].toSorted())
  })

  it('names each package by its folder', () => {
    const expected = workspaces.map(({ folder }) =>
      folder
        .replace(/^(packages|apps)\//, '')
        .replace(/^tests/, 'test')
        .replaceAll('/', '-'),
    )
    expect(workspaces.map(({ manifest }) => manifest.name)).toEqual(
      expected.map((name) => `@holdfast/${name}`),
    )
  })

  it('is what the README shows to users', () => {
    const readme = readFileSync(join(root, 'README.md'), 'utf8')
    const shown = Array.from(readme.matchAll(/^\| \[`(@holdfast\/[\w-]+)`\]/gm), ([, name]) => name)
    const published = workspaces.filter((each) => each.published).map(({ manifest }) => manifest.name)
    expect(new Set(shown)).toEqual(new Set(published))
  })
})
