import { createLowlight } from 'lowlight'
import { expect, it } from 'vitest'
import type { FileView } from '../../src/reviews/diff-rows.ts'
import { highlightHunks } from '../../src/reviews/highlight-hunks.ts'
import { GRAMMARS, languageOf } from '../../src/reviews/languages.ts'

const lowlight = createLowlight({ typescript: (await GRAMMARS.typescript()).default })
const highlight = (code: string) => lowlight.highlight('typescript', code)

const hunk = (lines: FileView['hunks'][number]['lines']): FileView['hunks'] => [{ header: '@@', lines }]
const same = (line: number, text: string) => ({ kind: 'same', oldLine: line, newLine: line, text }) as const

it('says what the pieces of a line are', () => {
  const spans = highlightHunks(hunk([same(1, "const rate = 'low'")]), highlight)
  expect(spans.get(0)).toEqual([
    ['keyword', 'const'],
    [null, ' rate = '],
    ['string', "'low'"],
  ])
})

it('keeps the text of every line, of both sides', () => {
  const lines = [
    same(1, 'a(`one'),
    { kind: 'removed', oldLine: 2, newLine: null, text: 'old ${x}' },
    { kind: 'added', oldLine: null, newLine: 2, text: 'new' },
    same(3, '`)'),
    same(4, ''),
  ] as const
  const spans = highlightHunks(hunk(lines), highlight)
  expect(
    lines.map((_, index) =>
      spans
        .get(index)
        ?.map(([, text]) => text)
        .join(''),
    ),
  ).toEqual(lines.map(({ text }) => text))
  // It stands in a string that began a line earlier.
  expect(spans.get(2)).toEqual([['string', 'new']])
})

it('knows a language by the end of the name', () => {
  const names = ['a/b.test.ts', 'Total.cs', 'db/1.sql', 'deploy/Dockerfile', 'README', 'x.unknown']
  expect(names.map(languageOf)).toEqual(['typescript', 'csharp', 'sql', 'dockerfile', undefined, undefined])
})
