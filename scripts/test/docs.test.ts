/** Every TypeScript example in the documents is a file that is compiled, and that examples/test runs; links lead somewhere. */
import { existsSync, globSync, readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import { anchorsOf, documentsIn, examplesOf, linksOf, regionOf } from '../docs.ts'
import { optionDocs, optionTable, optionTableOf, replaceOptionTables } from '../option-docs.ts'

const root = resolve(import.meta.dirname, '../..')
const documents = documentsIn(root)

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

  it.each(documents)('%s shows the options as they are', async (document) => {
    const text = readFileSync(resolve(root, document), 'utf8')
    expect(await replaceOptionTables(text, optionTableOf(root)), 'run npm run docs').toBe(text)
  })

  it.each(documents)('%s links to what is there', (document) => {
    const path = resolve(root, document)
    const dead = linksOf(readFileSync(path, 'utf8')).filter((link) => {
      const [file = '', anchor] = link.split('#')
      const target = file === '' ? path : resolve(dirname(path), file)
      return (
        !existsSync(target) ||
        (anchor !== undefined && !anchorsOf(readFileSync(target, 'utf8')).includes(anchor))
      )
    })
    expect(dead).toEqual([])
  })

  it('say what every code of an error means', () => {
    const table = readFileSync(resolve(root, 'docs/operations.md'), 'utf8')
    const rows = table.split('\n').flatMap((line) => /^\| (`[A-Z].*?) \|/.exec(line)?.[1]?.split(', ') ?? [])
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
    // The problems of requests have a table of their own.
    const missing = codes.filter((code) => !code.startsWith('IDEMPOTENCY_') && !rows.includes(`\`${code}\``))
    expect(missing).toEqual([])
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
  const markdown = 'text\n```ts examples/a.ts#part\nx()\n```\n```sh\nls\n```\n```ts\ny()\n```\n'

  it('finds TypeScript blocks, with and without a file', () => {
    expect(examplesOf(markdown)).toEqual([
      { line: 2, source: 'examples/a.ts#part', code: 'x()\n' },
      { line: 8, source: '', code: 'y()\n' },
    ])
  })

  it('finds links to files and headings, but not in examples', () => {
    const linked = 'see [a](a.md#b-c), [here](#b-c), [there](https://example.org)\n```md\n[d](d.md)\n```\n'
    expect(linksOf(linked)).toEqual(['a.md#b-c', '#b-c'])
    expect(anchorsOf('# B, `c`\n```sh\n# d\n```\n## 2. E\n')).toEqual(['b-c', '2-e'])
  })

  it('cuts a region out, without its indentation', () => {
    const source = 'before\n  // #region part\n  x()\n    y()\n  // #endregion\nafter\n'
    expect(regionOf(source, 'part')).toBe('x()\n  y()\n')
    expect(regionOf(source, undefined)).toBe(source)
    expect(() => regionOf(source, 'other')).toThrow('#region other')
  })
})
