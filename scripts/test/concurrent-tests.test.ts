/**
 * Where several tests of a file run at once, the names that vitest exports guess the test that they belong to:
 * `expect.poll` throws once another one has ended, and `onTestFinished` may wait for another one. Those of the test's
 * context know it.
 */
import { globSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { expect, it } from 'vitest'

const root = resolve(import.meta.dirname, '../..')
const exclude = (path: string): boolean => /(^|\/)(node_modules|dist|\.cache)$/.test(path)

/** What guesses, by how it is called. */
const GUESSING = { expect: /(?<!\.)\bexpect\s*\.poll\(/, onTestFinished: /(?<!\.)\bonTestFinished\(/ }

it('take what belongs to a test from its context', () => {
  const files = globSync('{packages,tests,apps,examples,docs}/**/*.test.ts', { cwd: root, exclude })
  const concurrent = files
    .map((file) => ({ file, text: readFileSync(join(root, file), 'utf8') }))
    .filter(({ text }) => /\.concurrent\b|concurrent: true|describeWorldsAtOnce/.test(text))
  expect(concurrent.length).toBeGreaterThan(40)
  const guess = concurrent.filter(({ text }) => {
    const imported = /^import \{([^}]*)\} from 'vitest'$/m.exec(text)?.[1]?.split(',') ?? []
    const names = imported.map((each) => each.trim().split(' as ').at(-1) ?? '')
    return Object.entries(GUESSING).some(([name, call]) => names.includes(name) && call.test(text))
  })
  expect(guess.map(({ file }) => file)).toEqual([])
})

it('share no hook of a module: files that one worker runs load it once, and only the first has the hook', () => {
  const modules = globSync('{packages,tests,apps,examples,docs}/**/*.ts', { cwd: root, exclude }).filter(
    (file) => !file.endsWith('.test.ts'),
  )
  const shared = modules.filter((file) =>
    /^(await )?(before|after)(All|Each)\(/m.test(readFileSync(join(root, file), 'utf8')),
  )
  expect(shared).toEqual([])
})
