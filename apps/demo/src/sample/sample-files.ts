import { readFile, readdir } from 'node:fs/promises'
import { join, relative, resolve, sep } from 'node:path'
import { CATEGORIES, type Category } from '../review/reviewer.ts'

const FOLDER = resolve(import.meta.dirname, '../../sample')

/** A fault that the sample has on purpose. */
export interface Planted {
  readonly file: string
  /** Absent: it is about the whole file. */
  readonly line?: number
  readonly category: Category
  /** The one that is to find it; `human/…`: nothing here can, and a reader has to. */
  readonly rule: string
}

export interface SampleFile {
  readonly path: string
  readonly text: string
  readonly planted: readonly Planted[]
}

/**
 * Files of `sample/before` or `sample/after`. Each is kept as `<name>.txt`, so that no tool of this repository takes it for one of
 * ours. A fault is marked at the end of its line: «category rule». The mark is no part of the file.
 */
export async function sampleFiles(state: 'before' | 'after'): Promise<readonly SampleFile[]> {
  const folder = join(FOLDER, state)
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  const paths = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
  return await Promise.all(
    paths.toSorted().map(async (path) => {
      const name = relative(folder, path)
        .split(sep)
        .join('/')
        .replace(/\.txt$/, '')
      return unmarked(name, await readFile(path, 'utf8'))
    }),
  )
}

const MARK = /[^\S\n]?«(\w+) ([\w/-]+)»/g

function unmarked(path: string, marked: string): SampleFile {
  const planted: Planted[] = []
  const lines = filledIn(marked)
    .split('\n')
    .map((text, index) => {
      for (const [, category, rule = ''] of text.matchAll(MARK)) {
        planted.push({ file: path, line: index + 1, category: known(category), rule })
      }
      return text.replaceAll(MARK, '')
    })
  return { path, text: lines.join('\n'), planted }
}

function known(word: string | undefined): Category {
  const category = CATEGORIES.find((each) => each === word)
  if (category === undefined) throw new Error(`The sample has a mark with the unknown category ${word}.`)
  return category
}

/** What would be found in this repository, too, if a file here had it whole. All of it is made up, or from a manual. */
const PARTS: Readonly<Record<string, string>> = {
  AWS_KEY: ['AKIA', 'Z7QW4RT2YX5KPLM3'].join(''),
  EXAMPLE_KEY: ['AKIA', 'IOSFODNN7EXAMPLE'].join(''),
  GITHUB_TOKEN: ['ghp', 'dK2vZgN4x3jQ6z5mS8B7pU0E9rWaH1tYdK2v'].join('_'),
  OURS: `${'<'.repeat(7)} ours`,
  BETWEEN: '='.repeat(7),
  THEIRS: `${'>'.repeat(7)} theirs`,
}

function filledIn(text: string): string {
  return text.replaceAll(/@@(\w+)@@/g, (whole, name: string) => PARTS[name] ?? whole)
}
