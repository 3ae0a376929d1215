/**
 * `npm test`: every check of the repository, in order, all of them even when one fails.
 *
 * `npm test -- --only tests` runs one step (or several: `--only build,lint`). The last line is for machines.
 */
import { spawn } from 'node:child_process'
import { mkdirSync, readFileSync, rmSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { checkPackages } from './check-packages.ts'
import type { Count } from './count.ts'

const root = resolve(import.meta.dirname, '..')
const cache = join(root, 'node_modules/.cache/holdfast')

const steps: Readonly<Record<string, { readonly title: string; run(): Promise<Count> }>> = {
  build: { title: 'Build and types', run: () => command('tsc', ['-b']) },
  lint: { title: 'Lint', run: () => command('oxlint', ['--type-aware', '--deny-warnings']) },
  format: { title: 'Format', run: () => command('oxfmt', ['--check']) },
  knip: { title: 'Unused code and dependencies', run: () => command('knip', ['--no-config-hints']) },
  tests: { title: 'Tests', run: testSuite },
  packages: { title: 'Packages as published', run: () => checkPackages(root, join(cache, 'packages')) },
  size: { title: 'Size', run: () => command('size-limit', []) },
}

const { values } = parseArgs({ options: { only: { type: 'string' } } })
const chosen = values.only?.split(',') ?? Object.keys(steps)
let total: Count = { passed: 0, failed: 0 }
const durations: string[] = []

for (const name of chosen) {
  const step = steps[name]
  if (!step) throw new Error(`There is no step ${name}; there are ${Object.keys(steps).join(', ')}`)
  console.log(`\n── ${step.title}`)
  const start = performance.now()
  const count = await step.run()
  total = { passed: total.passed + count.passed, failed: total.failed + count.failed }
  durations.push(`${name} ${((performance.now() - start) / 1000).toFixed(1)} s`)
  console.log(`${count.failed === 0 ? 'ok' : 'FAILED'} (${durations.at(-1)})`)
}

console.log(`\n${durations.join(' · ')}`)
process.exitCode = total.failed === 0 ? 0 : 1
console.log(`${total.passed} passed, ${total.failed} failed`)

async function command(program: string, args: readonly string[]): Promise<Count> {
  return (await exitCode(program, args)) === 0 ? { passed: 1, failed: 0 } : { passed: 0, failed: 1 }
}

async function testSuite(): Promise<Count> {
  const report = join(cache, 'vitest.json')
  mkdirSync(cache, { recursive: true })
  rmSync(report, { force: true })
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`]
  const code = await exitCode('vitest', ['run', ...reporters])
  try {
    const { numPassedTests, numFailedTests } = JSON.parse(readFileSync(report, 'utf8')) as {
      numPassedTests: number
      numFailedTests: number
    }
    // A file that cannot be loaded and an unhandled error fail the run without failing a test.
    const failed = code === 0 ? numFailedTests : Math.max(numFailedTests, 1)
    return { passed: numPassedTests, failed }
  } catch {
    return { passed: 0, failed: 1 }
  }
}

function exitCode(program: string, args: readonly string[]): Promise<number> {
  return new Promise((resolve) => {
    const child = spawn(program, args, { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] })
    child.once('error', (error) => {
      console.error(`${program}: ${error.message}`)
      resolve(1)
    })
    child.once('close', (code) => resolve(code ?? 1))
  })
}
