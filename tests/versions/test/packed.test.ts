import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { startRedis } from '@holdfast/test-support/redis'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { commandCells, npx } from '../src/commands.ts'
import { nodeVersions, whyNot } from '../src/nodes.ts'
import { packedCells } from '../src/packed.ts'
import { publishedPackages } from '../src/published.ts'
import { quickStartCells, readmeCells } from '../src/readme/cells.ts'
import { type Rehearsal, rehearseRelease, TOKEN } from '../src/release/rehearse.ts'
import { buildPackages, openStage, type Stage } from '../src/stage.ts'
import { compilers, typeCells } from '../src/types.ts'

const oldestNode = nodeVersions.slice(0, 1)
const names = publishedPackages().map(({ manifest }) => manifest.name)

// The fixed budget of the test suite; `npm run compat` is the whole matrix.
describe('the packages as published', () => {
  let release: Rehearsal
  let stage: Stage
  beforeAll(async () => {
    await buildPackages()
    // npm takes seconds for each; `npm run release:rehearse` asks it about all.
    release = await rehearseRelease((name) => name === '@holdfast/hangfire-compat')
    stage = await openStage(release.tarballs)
  })
  afterAll(async () => {
    await stage.remove()
    await release.remove()
  })

  it('are all there, at one version, under the tag of release candidates', () => {
    expect(release.uploads.map(({ name }) => name).toSorted()).toEqual(names.toSorted())
    expect(release.version).toMatch(/^[1-9]\d*\.\d+\.\d+-rc\.\d+$/)
    for (const { manifest, tag, authorization } of release.uploads) {
      expect(manifest['version']).toBe(release.version)
      expect(tag).toBe('rc')
      expect(authorization).toBe(`Bearer ${TOKEN}`)
    }
  })

  it('name versions where the sources name the workspace, and nothing that only the workspace has', () => {
    for (const { manifest } of release.uploads) {
      expect(JSON.stringify(manifest)).not.toMatch(/"(workspace|catalog|link):/)
      expect(Object.keys(manifest)).not.toContain('scripts')
      expect(Object.keys(manifest)).not.toContain('devDependencies')
      const { dependencies = {} } = manifest as { dependencies?: Readonly<Record<string, string>> }
      for (const name of names.filter((each) => each in dependencies))
        expect(dependencies[name]).toBe(`^${release.version}`)
    }
  })

  it.each(names)('%s has its README, LICENSE and CHANGELOG, and what the README links to', (name) => {
    const home = stage.packages.get(name) ?? ''
    for (const file of ['LICENSE', 'CHANGELOG.md'])
      expect(readFileSync(join(home, file), 'utf8')).not.toBe('')
    const readme = readFileSync(join(home, 'README.md'), 'utf8').replace(/^```[\s\S]*?^```/gm, '')
    const links = Array.from(readme.matchAll(/\]\(([^)\s#]+)[^)]*\)/g), ([, link = '']) => link)
    const dead = links.filter((link) => !link.startsWith('https://') && !existsSync(join(home, link)))
    expect(dead).toEqual([])
  })

  it('are taken by npm as they are', () => {
    expect(release.transcript).toContain(`+ @holdfast/hangfire-compat@${release.version}`)
    expect(release.transcript).not.toContain('npm warn')
  })

  it.each(names)('%s says in its CHANGELOG what is new', (name) => {
    const changelog = release.changelogs.get(name) ?? ''
    const [, news = ''] = changelog.split(`## ${release.version}\n`)
    expect(changelog.startsWith(`# ${name}\n`)).toBe(true)
    expect(news).toMatch(/^- .{20}/m)
    expect(news).not.toContain('Updated dependencies')
  })

  it('work on the oldest Node, imported and required', async () => {
    await using redis = await startRedis()
    const cells = await packedCells(stage, redis.port, oldestNode)
    for (const { outcome, detail } of cells) if (outcome === 'not run') console.warn(detail)
    expect(cells).toHaveLength(2)
    expect(cells.filter(({ outcome }) => outcome === 'failed')).toEqual([])
  })

  it('run the example of their README on the oldest Node, imported', async () => {
    await using redis = await startRedis()
    const cells = await readmeCells(stage, {
      redisUrl: redis.url,
      versions: oldestNode,
      // `npm run compat` requires them, too; that every entry can be required is tried above.
      loaders: ['import'],
    })
    expect(cells).toHaveLength(names.length)
    expect(cells.filter(({ outcome }) => outcome === 'failed')).toEqual([])
  })

  it('have commands that npx runs on the oldest Node, and that find their Redis client', async () => {
    const cells = await commandCells(stage, oldestNode)
    expect(cells.filter(({ outcome }) => outcome === 'failed')).toEqual([])
    expect(cells.map(({ name }) => name[1])).toContain('npx holdfast-hangfire')
    await using redis = await startRedis()
    for (const version of oldestNode.filter((each) => whyNot(each) === undefined)) {
      const { code, output } = await npx(stage, version, ['holdfast-hangfire', 'check', redis.url])
      expect([code, output]).toEqual([1, expect.stringContaining('NOTHING_FOUND')])
    }
  })

  it('run the programs in the README of the repository as printed, on the oldest Node', async () => {
    await using redis = await startRedis()
    const cells = await quickStartCells(stage, { redisUrl: redis.url, versions: oldestNode })
    expect(cells).toHaveLength(3)
    expect(cells.filter(({ outcome }) => outcome === 'failed')).toEqual([])
  })

  it('have types for the oldest TypeScript', async () => {
    const cells = await typeCells(stage, compilers.slice(0, 1))
    expect(cells.filter(({ outcome }) => outcome !== 'passed')).toEqual([])
    expect(cells).toHaveLength(1)
  })
})
