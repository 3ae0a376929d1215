import { globSync, readFileSync } from 'node:fs'
import { publishedIn } from '@holdfast/test-support/workspaces'
import { describe, expect, it } from 'vitest'
import { circleAmong, dependencyViolations, importsOf, ruleOf, violations } from '../boundaries.ts'

const root = new URL('../..', import.meta.url).pathname
const read = (file: string) => readFileSync(`${root}/${file}`, 'utf8')

describe('boundaries', () => {
  const packages = publishedIn(root).map((workspace) => [workspace.folder, workspace] as const)

  it.for(packages)('%s imports only what it may', ([folder, workspace]) => {
    const rule = ruleOf(workspace)
    const found = globSync(`${folder}/src/**/*.ts`, { cwd: root }).flatMap((file) =>
      violations(folder, rule, file, read(file)),
    )
    expect(found).toEqual([])
  })

  it.for(packages)('%s has no circle of imports', ([folder]) => {
    const files = globSync(`${folder}/src/**/*.ts`, { cwd: root })
    expect(circleAmong(new Map(files.map((file) => [file, read(file)])))).toEqual([])
  })

  it.for(packages)('%s depends only on what it may', ([folder, workspace]) => {
    const { dependencies = {} } = workspace.manifest
    expect(dependencyViolations(folder, ruleOf(workspace), Object.keys(dependencies))).toEqual([])
  })
})

describe('the checker', () => {
  const rule = {
    imports: ['@holdfast/core', 'node:crypto'],
    within: { testing: ['node:assert'] },
  }
  const check = (source: string, file = 'packages/x/src/a.ts') => violations('packages/x', rule, file, source)

  it.for([
    `import { a } from '@holdfast/core'`,
    `import type { T } from '@holdfast/core'`,
    `export type { T } from '@holdfast/core'`,
    `import { b } from './b.ts'`,
    `// import 'ioredis'`,
    `/** import { Redis } from 'ioredis' */`,
    `const text = "comes from 'ioredis'"`,
  ])('accepts %s', (source) => {
    expect(check(source)).toEqual([])
  })

  it.for([
    [`import Redis from 'ioredis'`, 'ioredis'],
    [`import type { Redis } from 'ioredis'`, 'ioredis'],
    [`import {\n  a,\n  b,\n} from "ioredis"`, 'ioredis'],
    [`export * from 'ioredis'`, 'ioredis'],
    [`import 'ioredis'`, 'ioredis'],
    [`const redis = await import('ioredis')`, 'ioredis'],
    [`type Redis = import('ioredis').Redis`, 'ioredis'],
    [`import fs from 'node:fs'`, 'node:fs'],
    [`import { h } from '@holdfast/core/h'`, '@holdfast/core/h'],
    [`import { a } from '../../core/src/a.ts'`, '../../core/src/a.ts'],
  ] as const)('refuses %s', ([source, specifier]) => {
    expect(check(source)).toEqual([`packages/x/src/a.ts must not import ${specifier}`])
  })

  it('knows what only a subfolder may import', () => {
    const source = `import assert from 'node:assert'\nimport { a } from '../a.ts'`
    expect(check(source, 'packages/x/src/testing/kit.ts')).toEqual([])
    expect(check(source, 'packages/x/src/kit.ts')).toHaveLength(2)
  })

  it('finds several imports of one file', () => {
    expect(importsOf(`import a from 'a'\nimport 'b'\nexport type { C } from 'c'\n`)).toEqual(['a', 'c', 'b'])
  })

  it('finds circles, also of types', () => {
    const sources = new Map([
      ['src/a.ts', `import { b } from './b/b.ts'`],
      ['src/b/b.ts', `import { c } from './c.ts'\nimport fs from 'node:fs'`],
      ['src/b/c.ts', `import type { B } from './b.ts'`],
    ])
    expect(circleAmong(sources)).toEqual(['src/b/b.ts', 'src/b/c.ts', 'src/b/b.ts'])
    sources.set('src/b/c.ts', '')
    expect(circleAmong(sources)).toEqual([])
  })

  it('refuses foreign dependencies of a lean package', () => {
    const lean = { ...rule, lean: true }
    expect(dependencyViolations('packages/x', lean, ['@holdfast/core', 'ioredis'])).toEqual([
      'packages/x/package.json must not depend on ioredis',
    ])
  })
})
