/** What the tests of one workspace did, as a file: an output that turbo caches, so that cached tests are counted, too. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import type { Failure } from '@holdfast/test-support/failures'
import type { Reporter, SerializedError, TestCase, TestModule, TestSuite } from 'vitest/node'

export interface TestReport {
  readonly passed: number
  /** Tests, and what fails without being one: a file that cannot be loaded, an error that no test caught. */
  readonly failed: readonly Failure[]
  readonly skipped: readonly { readonly test: string; readonly reason: string }[]
  /** Tests that failed once and passed when they were tried again, which only CI does: a race in a test, or in what it tests. */
  readonly flaky: readonly string[]
}

type SomeError = Pick<SerializedError, 'name' | 'message'>

/** From the folder of the workspace. */
export const REPORT = '.cache/test-report.json'

export function testReporter(file: string): Reporter {
  return {
    onTestRunEnd(modules, unhandledErrors) {
      mkdirSync(dirname(file), { recursive: true })
      writeFileSync(file, `${JSON.stringify(reportOf(modules, unhandledErrors), undefined, 2)}\n`)
    },
  }
}

function reportOf(modules: readonly TestModule[], unhandledErrors: readonly SerializedError[]): TestReport {
  const tests = modules.flatMap((module) => [...module.children.allTests()])
  return {
    passed: tests.filter((test) => test.result().state === 'passed').length,
    failed: [
      ...modules.flatMap((module) => failedIn(module)),
      ...unhandledErrors.map((error) => ({ what: thrownIn(modules, error), error: inWords(error) })),
    ],
    skipped: tests.flatMap((test) => {
      const result = test.result()
      if (result.state !== 'skipped') return []
      return { test: test.fullName, reason: result.note ?? 'switched off in the test file' }
    }),
    flaky: tests
      .filter((test) => test.diagnostic()?.flaky === true)
      .map((test) => `${test.module.relativeModuleId} > ${test.fullName}`),
  }
}

function failedIn(module: TestModule): Failure[] {
  const file = module.relativeModuleId
  const tests = [...module.children.allTests()].flatMap((test) => {
    const error = errorOf(test)
    return error === undefined ? [] : { what: `${file} > ${test.fullName}`, error }
  })
  // An error of a file while it loads, or of a hook around tests.
  const around = [module, ...module.children.allSuites()].flatMap((suite) =>
    suite.errors().map((error) => ({ what: [file, ...titleOf(suite)].join(' > '), error: inWords(error) })),
  )
  const failed = [...tests, ...around]
  if (failed.length > 0 || module.state() !== 'failed') return failed
  return [{ what: file, error: 'it failed without an error' }]
}

function titleOf(suite: TestModule | TestSuite): string[] {
  return suite.type === 'suite' ? [suite.fullName] : []
}

/** Vitest adds the file that was running to an error that no test caught. */
function thrownIn(modules: readonly TestModule[], error: SerializedError): string {
  const module = modules.find(({ moduleId }) => moduleId === error['VITEST_TEST_PATH'])
  return [...(module === undefined ? [] : [module.relativeModuleId]), 'no test caught this'].join(' > ')
}

/** Undefined of a test that has not failed. */
function errorOf(test: TestCase): string | undefined {
  const { state, errors } = test.result()
  if (state === 'pending') return 'it did not end'
  if (state !== 'failed') return undefined
  return errors[0] === undefined ? 'it failed without an error' : inWords(errors[0])
}

function inWords({ name, message }: SomeError): string {
  return name === undefined || name === 'Error' ? message : `${name}: ${message}`
}
