/** Nothing that goes to the registry lacks what people need there. A new package is held to it by being published. */
import { execFile } from 'node:child_process'
import { globSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { readManifest, workspacesIn } from '@holdfast/test-support/workspaces'
import { describe, expect, it } from 'vitest'
import { linksOf } from '../docs.ts'
import { faultsOf, syncedFields } from '../publication.ts'
import { isShipped } from '../readme-links.ts'

const root = resolve(import.meta.dirname, '../..')
const published = workspacesIn(root).filter((each) => each.published)

describe('what goes to the registry', () => {
  it.each(published)('$manifest.name says what it is, whose it is, and where to ask', (workspace) => {
    const manifest = readManifest(join(root, workspace.folder))
    expect(manifest, 'run `npm run sync`').toMatchObject(syncedFields(workspace))
    expect(faultsOf(manifest)).toEqual([])
  })

  it.each(published)('$manifest.name links to what is installed with it, or to a site', ({ folder }) => {
    const document = `${folder}/README.md`
    const links = linksOf(readFileSync(join(root, document), 'utf8'))
    const dead = links.filter((link) => !link.startsWith('https://') && !isShipped(link, document))
    expect(dead, 'run `npm run sync`').toEqual([])
  })

  it.each(globSync('.changeset/*.md', { cwd: root }))(
    '%s says what is new, for whom, and what to do',
    (file) => {
      const [, , text = ''] = readFileSync(join(root, file), 'utf8').split(/^---$/m)
      const [first = '', ...others] = text.trim().split('\n\n')
      expect(first).toMatch(/^\*\*[^*]+\.\*\*\sFor\s\S/)

      expect(others.some((paragraph) => /^To (begin|do|upgrade): /.test(paragraph))).toBe(true)
    },
  )

  it('is refused where a program packs it that leaves `workspace:` in it', async () => {
    const pack = promisify(execFile)('npm', ['pack', '--dry-run'], {
      cwd: join(root, 'packages/redis-ioredis'),
      // A script of pnpm that starts npm hands this on.
      env: { ...process.env, npm_config_user_agent: 'pnpm/12.21.0 npm/? node/?' },
    })
    await expect(pack).rejects.toThrow(
      /npm would leave "@holdfast\/redis-protocol": "workspace:\^" in the package\.json of @holdfast\/redis-ioredis/,
    )
  })

  it('is described by a line and by words that people search for', () => {
    const good = {
      name: '@holdfast/x',
      version: '0.0.0',
      description: 'Locks that many instances share',
      keywords: ['holdfast', 'lock', 'redis', 'lease'],
      engines: { node: '>=20.19.0' },
    }
    expect(faultsOf(good)).toEqual([])
    expect(faultsOf({ ...good, description: 'Locks.' })).toHaveLength(1)
    expect(faultsOf({ ...good, keywords: ['holdfast', 'Lock', 'redis', 'lease'] })).toHaveLength(1)
    expect(faultsOf({ name: '@holdfast/x', version: '0.0.0' })).toHaveLength(3)
  })
})
