import { basename } from 'node:path/posix'
import type { Change, ChangedFile } from './diff.ts'
import { isCode, isGenerated, isTest } from './kinds-of-files.ts'
import type { Finding } from './reviewer.ts'

/** Less is a correction of words, or a line that another test holds already. */
const WORTH_A_TEST = 10

/** Code that a change adds to a part of the repository, and no test beside it. */
export const missingTests = {
  name: 'missing-tests',
  version: '1',
  find({ files }: Pick<Change, 'files'>): readonly Finding[] {
    const tests = files.filter(({ path, kind }) => isTest(path) && kind !== 'deleted')
    const code = files.filter(
      ({ path }) => isCode(path) && !isTest(path) && !isGenerated(path) && !needsNone(path),
    )
    return [...Map.groupBy(code, ({ path }) => partOf(path))].flatMap(([part, changed]): Finding[] => {
      const isTested = tests.some(
        ({ path }) =>
          isWithin(part, partOf(path)) || changed.some((file) => stemOf(path).includes(stemOf(file.path))),
      )
      const lines = changed.reduce((sum, file) => sum + addedCode(file), 0)
      const largest = changed.toSorted((a, b) => addedCode(b) - addedCode(a))[0]
      if (isTested || lines < WORTH_A_TEST || largest === undefined) return []
      return [
        {
          file: largest.path,
          severity: 'warning',
          category: 'quality',
          rule: 'tests/missing',
          message: `${lines} lines of code are new in ${part === '' ? 'this repository' : part}, and no test of them has changed.`,
          suggestion: 'Add a test that fails without this change.',
        },
      ]
    })
  },
}

/** No code relies on it, or it tests itself by being run. */
function needsNone(path: string): boolean {
  return /(^|\/)(examples?|bench(marks?)?|docs?|samples?|migrations?)\/|\.config\.\w+$|(^|\/)\.[^/]+$/.test(
    path,
  )
}

/** The folder above the sources or the tests: a package of a monorepo, or all of a small repository. */
function partOf(path: string): string {
  const segments = path.split('/').slice(0, -1)
  const at = segments.findIndex((each) => /^(?:src|lib|app|source|tests?|specs?|__tests__)$/.test(each))
  return (at === -1 ? segments : segments.slice(0, at)).join('/')
}

/** The tests of a folder are about what is below it, too. */
function isWithin(part: string, whole: string): boolean {
  return whole === '' || part === whole || part.startsWith(`${whole}/`)
}

/** `total` of `src/total.ts`, `test_total.py` and `total.test.ts`. */
function stemOf(path: string): string {
  return basename(path)
    .replace(/^test_/, '')
    .replace(/[._-]?(?:tests?|spec)?\.\w+$/i, '')
    .replace(/\.(?:test|spec)$/, '')
}

function addedCode({ addedLines }: ChangedFile): number {
  return addedLines.filter(
    ({ text }) => /\w/.test(text) && !/^\s*(?:\/\/|#|\*|\/\*|import\b|using\b|from\b|export \*)/.test(text),
  ).length
}
