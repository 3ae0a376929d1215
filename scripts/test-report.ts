/** What the tests of one workspace did, as a file: an output that turbo caches, so that cached tests are counted, too. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import type { Reporter, TestModule } from 'vitest/node'

export interface TestReport {
  readonly passed: number
  /** Tests, and what fails without being one: a file that cannot be loaded, an error that no test caught. */
  readonly failed: number
  readonly skipped: readonly { readonly test: string; readonly reason: string }[]
}

/** From the folder of the workspace. */
export const REPORT = '.cache/test-report.json'

export function testReporter(file: string): Reporter {
  return {
    onTestRunEnd(modules, unhandledErrors) {
      mkdirSync(dirname(file), { recursive: true })
      writeFileSync(file, `${JSON.stringify(reportOf(modules, unhandledErrors.length), undefined, 2)}\n`)
    },
  }
}

function reportOf(modules: readonly TestModule[], unhandledErrors: number): TestReport {
  const tests = modules.flatMap((module) =>
    Array.from(module.children.allTests(), (test) => ({ name: test.fullName, result: test.result() })),
  )
  const inState = (state: string): typeof tests => tests.filter(({ result }) => result.state === state)
  const failedFiles = modules.filter(({ children }) => ![...children.allTests('failed')].length)
  return {
    passed: inState('passed').length,
    failed:
      inState('failed').length +
      inState('pending').length +
      failedFiles.filter((module) => module.state() === 'failed').length +
      unhandledErrors,
    skipped: inState('skipped').map(({ name, result }) => ({
      test: name,
      reason: ('note' in result && result.note) || 'switched off in the test file',
    })),
  }
}
