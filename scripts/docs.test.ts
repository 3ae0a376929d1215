/** Every TypeScript example in the documents is a file that is compiled, and that runs here as it is shown. */
import { execFile } from 'node:child_process'
import { globSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import { documentsIn, examplesOf, regionOf } from './docs.ts'

const root = resolve(import.meta.dirname, '..')
const run = promisify(execFile)
const documents = documentsIn(root)

describe('the documents', () => {
  it.each(documents)('%s shows files as they are', (document) => {
    for (const { line, source, code } of examplesOf(readFileSync(resolve(root, document), 'utf8'))) {
      const where = `${document}:${line}`
      expect(source, `${where} names its file: \`\`\`ts docs/examples/name.ts`).not.toBe('')
      const [file = '', region] = source.split('#')
      expect(code, `${where} shows ${source}`).toBe(
        regionOf(readFileSync(resolve(root, file), 'utf8'), region),
      )
    }
  })

  it.each(globSync('docs/examples/*.ts', { cwd: root }).sort())('%s runs', async (file) => {
    const { stderr } = await run(process.execPath, ['--conditions=@holdfast/source', '--no-warnings', file], {
      cwd: root,
      timeout: 200_000,
    })
    expect(stderr).toBe('')
  })
})

describe('the finder of examples', () => {
  const markdown = 'text\n```ts docs/examples/a.ts#part\nx()\n```\n```sh\nls\n```\n```ts\ny()\n```\n'

  it('finds TypeScript blocks, with and without a file', () => {
    expect(examplesOf(markdown)).toEqual([
      { line: 2, source: 'docs/examples/a.ts#part', code: 'x()\n' },
      { line: 8, source: '', code: 'y()\n' },
    ])
  })

  it('cuts a region out, without its indentation', () => {
    const source = 'before\n  // #region part\n  x()\n    y()\n  // #endregion\nafter\n'
    expect(regionOf(source, 'part')).toBe('x()\n  y()\n')
    expect(regionOf(source, undefined)).toBe(source)
    expect(() => regionOf(source, 'other')).toThrow('#region other')
  })
})
