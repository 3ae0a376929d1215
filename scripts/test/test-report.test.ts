import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { failureLines } from '@holdfast/test-support/failures'
import { expect, it, onTestFinished } from 'vitest'
import { startVitest } from 'vitest/node'
import { type TestReport, testReporter } from '../test-report.ts'

/** The report of a run of these files. */
async function reportOf(files: Readonly<Record<string, string>>): Promise<TestReport> {
  const root = mkdtempSync(join(tmpdir(), 'test-report-'))
  onTestFinished(() => rmSync(root, { recursive: true, force: true }))
  for (const [name, source] of Object.entries(files)) writeFileSync(join(root, name), source)
  const report = join(root, 'report.json')
  // Vitest sets the exit code of this process, whose own tests have not failed.
  const { exitCode } = process
  const vitest = await startVitest('test', [], {
    root,
    config: false,
    watch: false,
    globals: true,
    fileParallelism: false,
    reporters: [testReporter(report)],
  })
  await vitest.close()
  process.exitCode = exitCode
  return JSON.parse(readFileSync(report, 'utf8')) as TestReport
}

it('names every test that has failed, with its file and its error', async () => {
  const report = await reportOf({
    'sums.test.ts': `
      describe('sums', () => {
        it('adds', () => expect(1 + 1).toBe(2))
        it('subtracts', () => expect(1 - 1).toBe(1))
        it('divides', () => { throw new RangeError('by zero\\nis no number') })
        it('multiplies', ({ skip }) => skip('nothing to multiply'))
      })`,
  })
  expect(report).toEqual({
    passed: 1,
    failed: [
      {
        what: 'sums.test.ts > sums > subtracts',
        error: expect.stringMatching(/^AssertionError: expected \+?0 to be 1/),
      },
      { what: 'sums.test.ts > sums > divides', error: 'RangeError: by zero\nis no number' },
    ],
    skipped: [{ test: 'sums > multiplies', reason: 'nothing to multiply' }],
    flaky: [],
  })
})

it('names a test that passes when it is tried again', async () => {
  const report = await reportOf({
    'race.test.ts': `
      let tries = 0
      it('arrives first', { retry: 1 }, () => expect(++tries).toBe(2))
      it('never arrives', { retry: 1 }, () => expect(1).toBe(2))`,
  })
  expect(report).toMatchObject({
    passed: 1,
    failed: [{ what: 'race.test.ts > never arrives' }],
    flaky: ['race.test.ts > arrives first'],
  })
})

it('names what fails without being a test', async () => {
  const report = await reportOf({
    'hook.test.ts': `
      describe('with a server', () => {
        beforeAll(() => { throw new Error('the server does not start') })
        it('asks', () => {})
      })`,
    'load.test.ts': `throw new TypeError('it does not load')`,
    'stray.test.ts': `it('forgets a promise', async () => {
      void Promise.reject(new Error('forgotten'))
      await new Promise((settle) => setImmediate(settle))
    })`,
  })
  expect(report.passed).toBe(1)
  expect(report.failed.toSorted((one, other) => one.what.localeCompare(other.what))).toEqual([
    { what: 'hook.test.ts > with a server', error: 'the server does not start' },
    { what: 'load.test.ts', error: 'TypeError: it does not load' },
    { what: 'stray.test.ts > no test caught this', error: 'forgotten' },
  ])
})

it('makes a line of each, of the first thirty, and counts the others', () => {
  const failures = Array.from({ length: 33 }, (_, index) => ({
    what: `a.test.ts > case ${index + 1}`,
    error: `Error: no\nat ${'x'.repeat(1000)}`,
  }))
  const lines = failureLines(failures)
  expect(lines).toHaveLength(31)
  expect(lines[0]).toBe('failed: a.test.ts > case 1: Error: no')
  expect(lines[29]).toBe('failed: a.test.ts > case 30: Error: no')
  expect(lines[30]).toBe('failed: and 3 more')
  expect(failureLines(failures.slice(0, 30))).toHaveLength(30)
  expect(failureLines([])).toEqual([])
})

it('cuts the first line of a long error', () => {
  const [line] = failureLines([{ what: 'a', error: `\n${'x'.repeat(1000)}\nmore` }])
  expect(line).toBe(`failed: a: ${'x'.repeat(200)}…`)
})
