import { expect, it } from 'vitest'
import { detectLanguages, languageOf } from '../src/review/languages.ts'
import { detectProjectType } from '../src/review/project-type.ts'

it.each([
  ['src/a.ts', 'TypeScript'],
  ['a.tsx', 'TSX'],
  ['a.cjs', 'JavaScript'],
  ['lib.rs', 'Rust'],
  ['Program.cs', 'C#'],
  ['README.md', 'Markdown'],
  ['deep/Dockerfile', 'Dockerfile'],
  ['Cargo.lock', 'TOML'],
  ['header.h', 'C'],
  ['UPPER.PY', 'Python'],
  ['what.ever-this-is', 'Other'],
])('%s is %s', (path, language) => {
  expect(languageOf(path)).toBe(language)
})

it('puts the most changed language first', () => {
  const file = (path: string, lines: number) => ({
    path,
    kind: 'modified' as const,
    type: 'file' as const,
    binary: false,
    tooLarge: false,
    deletions: lines,
    addedLines: [{ line: 1, text: '' }],
  })
  expect(detectLanguages([file('a.md', 1), file('b.ts', 5), file('c.ts', 2)])).toEqual([
    { language: 'TypeScript', files: 2, changedLines: 9 },
    { language: 'Markdown', files: 1, changedLines: 2 },
  ])
})

it.each([
  [['App.sln', 'src/'], '.NET'],
  [['build.gradle.kts'], 'JVM'],
  [['go.mod'], 'Go'],
  [['README'], 'Unknown'],
])('%j is a %s project', async (topLevel, name) => {
  expect(await detectProjectType(topLevel, async () => '')).toMatchObject({ name })
})

it('reads the manifest of a Node project, and survives a broken one', async () => {
  const topLevel = ['package.json', 'pnpm-workspace.yaml', 'tsconfig.json', 'src/']
  const manifest = JSON.stringify({ dependencies: { fastify: '5' } })
  expect(await detectProjectType(topLevel, async () => manifest)).toEqual({
    name: 'TypeScript monorepo with Fastify',
    evidence: ['package.json', 'pnpm-workspace.yaml', 'tsconfig.json'],
  })
  expect(await detectProjectType(['package.json'], async () => '{ broken')).toMatchObject({
    name: 'Node.js package',
  })
})
