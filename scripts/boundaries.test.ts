import { globSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { dependencyViolations, importsOf, rules, violations } from './boundaries.ts'

const root = new URL('..', import.meta.url).pathname
const read = (file: string) => readFileSync(`${root}/${file}`, 'utf8')

describe('boundaries', () => {
  const folders = globSync('packages/*/package.json', { cwd: root }).map((file) =>
    file.replace('/package.json', ''),
  )

  it.for(folders)('%s imports only what it may', (folder) => {
    const rule = rules[folder]
    if (!rule) throw new Error(`${folder} has no rule in scripts/boundaries.ts`)
    const found = globSync(`${folder}/src/**/*.ts`, { cwd: root }).flatMap((file) =>
      violations(folder, rule, file, read(file)),
    )
    expect(found).toEqual([])
  })

  it.for(folders)('%s depends only on what it may', (folder) => {
    const rule = rules[folder]
    if (!rule) throw new Error(`${folder} has no rule in scripts/boundaries.ts`)
    const { dependencies = {} } = JSON.parse(read(`${folder}/package.json`)) as { dependencies?: object }
    expect(dependencyViolations(folder, rule, Object.keys(dependencies))).toEqual([])
  })
})

describe('the checker', () => {
  const rule = {
    imports: ['@holdfast/core', 'node:crypto'],
    types: ['typed'],
    within: { testing: ['node:assert'] },
  }
  const check = (source: string, file = 'packages/x/src/a.ts') => violations('packages/x', rule, file, source)

  it.for([
    `import { a } from '@holdfast/core'`,
    `import type { T } from 'typed'`,
    `export type { T } from 'typed'`,
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
    [`import { x } from 'typed'`, 'typed'],
    [`import fs from 'node:fs'`, 'node:fs'],
    [`import { h } from '@holdfast/core/http'`, '@holdfast/core/http'],
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
    expect(importsOf(`import a from 'a'\nimport 'b'\nexport type { C } from 'c'\n`)).toEqual([
      { specifier: 'a', typeOnly: false },
      { specifier: 'c', typeOnly: true },
      { specifier: 'b', typeOnly: false },
    ])
  })

  it('refuses foreign dependencies of a lean package', () => {
    const lean = { ...rule, lean: true }
    expect(dependencyViolations('packages/x', lean, ['@holdfast/core', 'ioredis'])).toEqual([
      'packages/x/package.json must not depend on ioredis',
    ])
  })
})
