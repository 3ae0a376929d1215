/** Every TypeScript example in the documents is a file that is compiled, and that examples/test runs; scripts and configurations are files that tests run; links lead somewhere. */
import { existsSync, globSync, readFileSync, statSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import {
  anchorsOf,
  documentsIn,
  examplesOf,
  isMade,
  linksOf,
  regionOf,
  replaceLinks,
  targetOf,
} from '../docs.ts'
import { optionDocs, optionTable } from '../option-docs.ts'
import { replaceTables } from '../tables.ts'
import { REPOSITORY, pageOf } from '../publication.ts'

const root = resolve(import.meta.dirname, '../..')
const documents = documentsIn(root)
const changesets = globSync('.changeset/*.md', { cwd: root })

/** Tables whose options stand in that of another type, or in one that is written by hand: their types are in a signature. */
const IN_OTHER_TABLES = [
  'Omit',
  'Given',
  'Exclude',
  'Parameters',
  'SlotOptions',
  'SlotMembers',
  'LockOptions',
  'CancelOptions',
  'CleanupOptions',
  'WaitOptions',
  'WatchOptions',
  'Wait',
]

describe('the documents', () => {
  it.each(documents)('%s shows files as they are', (document) => {
    for (const { line, source, code } of examplesOf(readFileSync(resolve(root, document), 'utf8'))) {
      const where = `${document}:${line}`
      expect(source, `${where} names its file: \`\`\`ts examples/name.ts`).not.toBe('')
      const [file = '', region] = source.split('#')
      expect(code, `${where} shows ${source}`).toBe(
        regionOf(readFileSync(resolve(root, file), 'utf8'), region),
      )
    }
  })

  it.each(documents)('%s shows options, codes, events and metrics as they are', async (document) => {
    const text = readFileSync(resolve(root, document), 'utf8')
    expect(await replaceTables(text, root), 'run npm run docs:examples').toBe(text)
  })

  it('show what becomes of a delivery of BullMQ', () => {
    expect(readFileSync(resolve(root, 'docs/features/bullmq.md'), 'utf8')).toContain('<!-- outcomes -->')
  })

  it.each([...documents, ...changesets])('%s links to what is there', (document) => {
    const dead = linksOf(readFileSync(resolve(root, document), 'utf8')).filter((link) => {
      const target = targetOf(link, document)
      if (target === undefined) return link.startsWith(REPOSITORY) && link !== `${REPOSITORY}/issues`
      const path = resolve(root, target.path)
      if (!existsSync(path) || isMade(target.path)) return true
      if (target.anchor === undefined) return false
      const page = statSync(path).isDirectory() ? join(path, 'README.md') : path
      return (
        !existsSync(page) ||
        !(anchorsOf(readFileSync(page, 'utf8')).includes(target.anchor) || target.anchor === 'readme')
      )
    })
    expect(dead).toEqual([])
  })

  it('have every option that is checked in one page', () => {
    const page = readFileSync(resolve(root, 'docs/reference/options.md'), 'utf8')
    const shown = [...page.matchAll(/^<!-- options: (\w+)/gm)].map(([, type]) => type)
    const tables = globSync('packages/*/src/**/*.ts', { cwd: root }).flatMap((file) =>
      Array.from(
        readFileSync(resolve(root, file), 'utf8').matchAll(/^(?:export )?const \w+: OptionTable<\s*(\w+)/gm),
        ([, type = '']) => type,
      ),
    )
    expect(tables.length).toBeGreaterThan(40)
    expect(tables.filter((type) => !IN_OTHER_TABLES.includes(type) && !shown.includes(type))).toEqual([])
  })

  it.each(['fastify', 'nest'])('have every option of @holdfast/%s in that page', (folder) => {
    const page = readFileSync(resolve(root, 'docs/reference/options.md'), 'utf8')
    const source = resolve(root, 'packages', folder, 'src')
    const exported = readFileSync(resolve(source, 'index.ts'), 'utf8')
    const members = globSync('**/*.ts', { cwd: source }).flatMap((file) =>
      Array.from(
        readFileSync(resolve(source, file), 'utf8').matchAll(
          /^export interface (\w+(?:Options|Settings|Placement))\b/gm,
        ),
        ([, type = '']) => type,
      ),
    )
    const taken = members.filter((type) => new RegExp(`\\b${type}\\b`).test(exported))
    expect(taken).not.toEqual([])
    const missing = taken.filter((type) => !page.includes(`<!-- options: ${type} in packages/`))
    // Nest's ways to make the settings, which its users know.
    expect(missing.filter((type) => type !== 'HoldfastModuleAsyncOptions')).toEqual([])
  })

  it.each(documents)('%s says nothing in words that readers stumble over', (document) => {
    const prose = readFileSync(resolve(root, document), 'utf8')
    expect(prose.match(/\b(of (its|their) own|is told|given back|whoever)\b/gi) ?? []).toEqual([])
  })

  it('call the command line by one name, which npx finds whether or not it is installed', () => {
    const others = documents.filter((document) =>
      /npx holdfast(?!-)/.test(readFileSync(resolve(root, document), 'utf8')),
    )
    expect(others).toEqual([])
  })

  it('name every member of a snapshot', () => {
    const page = readFileSync(resolve(root, 'docs/features/idempotency.md'), 'utf8')
    const [, section = ''] = /^### What a snapshot has$([\s\S]*?)^### /m.exec(page) ?? []
    const named = [...section.matchAll(/^\| (`.*?) \|/gm)].flatMap(([, cell = '']) =>
      Array.from(cell.matchAll(/`(\w+)`/g), ([, name]) => name),
    )
    const source = readFileSync(resolve(root, 'packages/core/src/idempotency/record.ts'), 'utf8')
    const [, members = ''] = /^export interface ExecutionSnapshot \{$([\s\S]*?)^\}$/m.exec(source) ?? []
    const declared = Array.from(members.matchAll(/^ {2}readonly (\w+)/gm), ([, name]) => name)
    expect(declared).toContain('leaseRemainingMs')
    expect(new Set(named)).toEqual(new Set(declared))
  })

  it('say what every code of an error means', () => {
    const table = readFileSync(resolve(root, 'docs/reference/errors.md'), 'utf8')
    const rows = [...table.matchAll(/^\| \[`([A-Z_]+)`\]/gm)].map(([, code]) => code)
    const sources = globSync('packages/{core,redis-*,hangfire-compat}/src/**/*.ts', {
      cwd: root,
      exclude: ['packages/*/src/testing/**'],
    })
    const codes = sources.flatMap((file) =>
      Array.from(
        readFileSync(resolve(root, file), 'utf8').matchAll(
          /(?:super\(|HoldfastError\(|code:)\s*'([A-Z][A-Z_]+)'/g,
        ),
        ([, code = '']) => code,
      ),
    )
    expect(codes).toContain('EXECUTION_STALLED')
    expect(codes.filter((code) => !rows.includes(code))).toEqual([])
  })
})

describe('a table of options', () => {
  const source = `export interface Options {
  /**
   * How long {@link Waiting} takes: \`a\` or
   * \`b | c\`.
   * @default 30_000
   */
  readonly waitMs?: number | undefined
  /** Must be. */
  readonly key: string
}
export const OPTIONS: OptionTable<Options> = {}
`
  const tableWith = (standard: unknown): unknown => ({ waitMs: [Number, standard], key: [String] })

  it('has the meaning from the comment and the default from the table', () => {
    expect(optionDocs('Options', source)[0]?.meaning).toBe('How long `Waiting` takes: `a` or `b | c`.')
    expect(
      optionTable('Options', source, { OPTIONS: tableWith(30_000) })
        .split('\n')
        .slice(2),
    ).toEqual([
      '| `waitMs` | 30 s | How long `Waiting` takes: `a` or `b \\| c`. |',
      '| `key` | mandatory | Must be. |',
      '',
    ])
  })

  it('shows what an interface adds to another one', () => {
    const both = `interface Base {
  /** Must be. */
  readonly key: string
}
${source.replace('interface Options', 'interface Options extends Base').replace(/ {2}\/\*\* Must be.*\n.*\n/, '')}`
    const rows = (types: string): string[] =>
      optionTable(types, both, { OPTIONS: tableWith(30_000) })
        .split('\n')
        .slice(2, -1)
    expect(rows('Options')).toHaveLength(2)
    expect(rows('Options beyond Base')).toEqual([
      '| `waitMs` | 30 s | How long `Waiting` takes: `a` or `b \\| c`. |',
    ])
  })

  it('is refused where the comment names another default', () => {
    expect(() => optionTable('Options', source, { OPTIONS: tableWith(20_000) })).toThrow('20000 counts')
  })
})

describe('the finder', () => {
  const markdown =
    'text\n```ts examples/a.ts#part\nx()\n```\n```sh\nls\n```\n```ts\ny()\n```\n```sh examples/b.sh\nz\n```\n'

  it('finds TypeScript, with and without a file, and what names a file in another language', () => {
    expect(examplesOf(markdown)).toEqual([
      { line: 2, source: 'examples/a.ts#part', code: 'x()\n' },
      { line: 8, source: '', code: 'y()\n' },
      { line: 11, source: 'examples/b.sh', code: 'z\n' },
    ])
  })

  const linked =
    'see [a](a.md#b-c), [`d`][d] and <img alt="e" src="e.svg">\n```md\n[f](f.md)\n```\n[d]: ../d.md\n[there](https://example.org)\n'

  it('finds links of every kind, but not in examples', () => {
    expect(linksOf(linked)).toEqual(['a.md#b-c', 'e.svg', '../d.md', 'https://example.org'])
    expect(replaceLinks(linked, (link) => link.toUpperCase())).toBe(
      'see [a](A.MD#B-C), [`d`][d] and <img alt="e" src="E.SVG">\n```md\n[f](f.md)\n```\n[d]: ../D.MD\n[there](HTTPS://EXAMPLE.ORG)\n',
    )
  })

  it('knows where a link leads, also on the forge', () => {
    expect(targetOf('../b.md#c', 'docs/x/a.md')).toEqual({ path: 'docs/b.md', anchor: 'c' })
    expect(targetOf('#c', 'docs/a.md')).toEqual({ path: 'docs/a.md', anchor: 'c' })
    expect(targetOf(`${pageOf('docs/b.md')}#c`, 'packages/core/README.md')).toEqual({
      path: 'docs/b.md',
      anchor: 'c',
    })
    expect(targetOf(pageOf('tests', 'tree'), 'packages/core/README.md')).toEqual({ path: 'tests' })
    expect(targetOf('https://example.org', 'docs/a.md')).toBeUndefined()
  })

  it('names headings as GitHub does', () => {
    expect(anchorsOf('# B, `c`\n```sh\n# d\n```\n## 2. [E](e.md)\n## B, `c`\n')).toEqual([
      'b-c',
      '2-e',
      'b-c-1',
    ])
  })

  it('cuts a region out, without its indentation', () => {
    const source = 'before\n  // #region part\n  x()\n    y()\n  // #endregion\nafter\n'
    expect(regionOf(source, 'part')).toBe('x()\n  y()\n')
    expect(regionOf(source, undefined)).toBe(source)
    expect(() => regionOf(source, 'other')).toThrow('#region other')
  })
})
