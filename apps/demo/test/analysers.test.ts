/** What the sample does not show of the analysers: comparing, bounds, odd content. */
import { expect, it, onTestFinished, vi } from 'vitest'
import type { Analyser } from '../src/review/analysers/analyser.ts'
import { complexity } from '../src/review/analysers/complexity.ts'
import { dependencies } from '../src/review/analysers/dependencies.ts'
import { deployment } from '../src/review/analysers/deployment.ts'
import { faults } from '../src/review/analysers/faults.ts'
import { notes } from '../src/review/analysers/notes.ts'
import { sql } from '../src/review/analysers/sql.ts'
import type { ChangedFile } from '../src/review/diff.ts'
import { missingTests } from '../src/review/missing-tests.ts'
import { lint } from '../src/review/oxlint.ts'
import { broughtIn, inOrder } from '../src/review/relevant.ts'

async function linesOf(analyser: Analyser, name: string, text: string, before?: string) {
  expect(analyser.reads(name)).toBe(true)
  const [found = []] = await analyser.analyse([{ name, text, before }], new AbortController().signal)
  return found.map(({ line, rule }) => `${line} ${rule.split('/')[1]}`)
}

const branches = (count: number): string =>
  `function many(x) {\n${Array.from({ length: count }, (_, n) => `  if (x === ${n}) return ${n}\n`).join('')}}\n`

it('lints with no more of the environment than a program needs', async () => {
  // As a secret would, this reaches every program that is started with all of the environment.
  vi.stubEnv('NODE_OPTIONS', '--require=/no/such/module.js')
  onTestFinished(() => void vi.unstubAllEnvs())
  const file = { name: 'a.js', text: 'debugger\n' }
  const found = await lint([file], new AbortController().signal)
  expect(found.get(file)?.map(({ rule }) => rule)).toEqual(['eslint/no-debugger'])
})

it('finds a function too complex only where the change has made it so', async () => {
  expect(await linesOf(complexity, 'a.js', branches(14))).toEqual([])
  expect(await linesOf(complexity, 'a.js', branches(15))).toEqual(['1 too-many-ways'])
  expect(await linesOf(complexity, 'a.js', branches(15), branches(15))).toEqual([])
  expect(await linesOf(complexity, 'a.js', branches(18), branches(15))).toEqual(['1 too-many-ways'])
})

it.each([
  ['a.go', 'package a\nfunc f(x int) int {\n', (n: number) => `  if x == ${n} { return ${n} }\n`, '}\n'],
  [
    'A.java',
    'class A {\nint f(int x) {\n',
    (n: number) => `if (x == ${n}) return ${n};\n`,
    'return 0; }\n}\n',
  ],
  ['a.rs', 'mod a {\nfn f(x: i32) -> i32 {\n', (n: number) => `if x == ${n} { return ${n}; }\n`, '0 }\n}\n'],
  ['a.rb', 'class A\ndef f(x)\n', (n: number) => `return ${n} if x == 1 && x == ${n}\n`, 'end\nend\n'],
])('measures %s, too', async (name, head, branch, foot) => {
  const text = head + Array.from({ length: 16 }, (_, n) => branch(n)).join('') + foot
  expect(await linesOf(complexity, name, text)).toEqual(['2 too-many-ways'])
})

it('places a finding on a function at the first of its lines that is new', () => {
  const file = { path: 'a.js', addedLines: [{ line: 2 }, { line: 5 }, { line: 6 }] } as unknown as ChangedFile
  const remark = {
    severity: 'warning',
    category: 'quality',
    rule: 'r',
    message: 'm',
    suggestion: 's',
    line: 4,
  } as const
  expect(broughtIn(file, [{ ...remark, lastLine: 9 }])).toEqual([{ ...remark, file: 'a.js', line: 5 }])
  expect(broughtIn(file, [remark])).toEqual([])
  expect(broughtIn(file, [{ ...remark, line: 3, lastLine: 4 }])).toEqual([])
})

it('says of many alike in a file how many more there are', () => {
  const alike = Array.from({ length: 5_000 }, (_, index) => ({
    file: 'a.txt',
    line: 5_000 - index,
    severity: 'info' as const,
    category: 'style' as const,
    rule: 'git/whitespace',
    message: 'Space.',
    suggestion: 's',
  }))
  const shown = inOrder(alike)
  expect(shown.map(({ line }) => line)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10])
  expect(shown.at(-1)?.message).toBe('Space. The same on 4990 more lines of this file.')
})

it('judges dependencies by what has changed of them', async () => {
  const manifest = (dependencies: object): string => JSON.stringify({ dependencies }, undefined, 1)
  const before = manifest({ a: '1.2.0', b: '*', c: '^2.0.0' })
  const after = manifest({ a: '1.2.1', b: '*', c: 'npm:c-next@^3.0.0', d: 'workspace:^', e: 'catalog:' })
  expect(await linesOf(dependencies, 'package.json', after, before)).toEqual(['5 major-upgrade'])
  expect(await linesOf(dependencies, 'package.json', manifest({ a: '1.0.0', b: '>=1' }))).toEqual([
    '4 unbounded',
  ])
  expect(await linesOf(dependencies, 'package.json', '{ broken', before)).toEqual([])
  const project = (version: string): string =>
    `<Project>\n<PackageReference Include="X" Version="${version}" />\n`
  expect(await linesOf(dependencies, 'A.csproj', project('3.1.0'), project('4.0.0'))).toEqual(['2 downgrade'])
})

it('asks for tests where code is new and none beside it has changed', () => {
  const file = (path: string, lines: number): ChangedFile => ({
    path,
    kind: 'modified',
    type: 'file',
    binary: false,
    tooLarge: false,
    addedLines: Array.from({ length: lines }, (_, line) => ({ line, text: 'const x = 1' })),
    deletions: 0,
  })
  const asked = (...files: readonly ChangedFile[]) => missingTests.find({ files }).map((each) => each.file)
  expect(asked(file('packages/a/src/x.ts', 20), file('packages/b/test/y.test.ts', 3))).toEqual([
    'packages/a/src/x.ts',
  ])
  expect(asked(file('packages/a/src/x.ts', 20), file('packages/a/test/other.test.ts', 3))).toEqual([])
  expect(asked(file('packages/a/src/x.ts', 20), file('tests/e2e/test/x.test.ts', 3))).toEqual([])
  expect(asked(file('src/x.py', 20), file('tests/test_y.py', 1))).toEqual([])
  expect(asked(file('src/x.ts', 9), file('README.md', 90), file('bench/src/x.ts', 90))).toEqual([])
})

it('takes no text for a statement, and no template for YAML', async () => {
  expect(await linesOf(sql, 'a.sql', "SELECT 'x; DELETE FROM a';\n/* DROP TABLE b; */\nSELECT 1")).toEqual([])
  expect(await linesOf(sql, 'a.sql', 'SELECT 1;\n\n  delete\nfrom a')).toEqual(['3 every-row'])
  expect(await linesOf(deployment, 'a.yaml', 'image: {{ .Values.image }}\n a: b: c\n')).toEqual([])
  expect(await linesOf(notes, 'a.ts', "const a = '// TODO: no note'\nconst b = 'x' // TODO one\n")).toEqual([
    '2 unfinished',
  ])
})

it('survives what is no program', async () => {
  const odd = '\0\uFFFD\u2028{{{ `${ """ \r'.repeat(50)
  for (const name of ['a.ts', 'a.py', 'a.cs']) {
    expect(await linesOf(faults, name, odd)).toEqual([])
    expect(await linesOf(complexity, name, odd, '')).toEqual([])
  }
  expect(await linesOf(notes, 'a.txt', 'caf\uFFFD\n')).toEqual(['1 not-utf-8'])
})
