/**
 * `npm run test:dotnet`: builds the .NET program on both generations of Hangfire's storage, and runs the cases in `live`
 * against it. Where no SDK or a package is missing it says so, skips every case and succeeds.
 *
 * What has failed is named once more before the last line, which is for machines.
 */
import { spawn } from 'node:child_process'
import { existsSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { endOnSignals, readFlags } from '@holdfast/test-support/command'
import { type Failure, failureLines } from '@holdfast/test-support/failures'
import { MissingError, buildProgram, makeContract, sdkVersion } from './build-program.ts'
import { MISSING, PROGRAMS } from './programs.ts'
import { type StorageVersion, storageVersions } from './storages.ts'

const usage = `
npm run test:dotnet -- [options]

Node beside a live .NET Hangfire, on both generations of its Redis storage. It needs a .NET SDK, and the packages that
tests/dotnet/program names; without them it says what is missing, and skips.

  --only WORDS   files in tests/dotnet/live whose names contain one of them
  --name TEXT    cases whose titles contain it
`
const flags = readFlags(usage, { only: 'string', name: 'string' })
endOnSignals()

const workspace = join(import.meta.dirname, '..')
const report = join(workspace, '.cache/test-report.json')
const start = performance.now()
const seconds = (): string => `${((performance.now() - start) / 1000).toFixed(1)} s`

const environment = await programs()
rmSync(report, { force: true })
const code = await vitest(environment)
const { passed, failed, skipped } = outcome(code)
console.log(`\nbuilt and run in ${seconds()}`)
if (environment[MISSING] !== undefined) console.log(`skipped: ${environment[MISSING]}`)
for (const line of failureLines(failed)) console.log(line)
process.exitCode = failed.length === 0 ? 0 : 1
console.log(
  `${passed} passed, ${failed.length} failed${skipped.length > 0 ? `, ${skipped.length} skipped` : ''}`,
)

/** What the cases find in their environment: the programs, or what is missing. */
async function programs(): Promise<Readonly<Record<string, string>>> {
  try {
    console.log(`.NET SDK ${await sdkVersion()}`)
    await makeContract()
    const built = await Promise.all(
      storageVersions.map(async (storage) => [storage, await buildProgram(storage)] as const),
    )
    console.log(`Built the program on the storages ${storageVersions.join(' and ')} in ${seconds()}`)
    return { [PROGRAMS]: JSON.stringify(Object.fromEntries(built) as Record<StorageVersion, string>) }
  } catch (error) {
    if (!(error instanceof MissingError)) throw error
    console.log(`Missing: ${error.message}`)
    return { [MISSING]: error.message }
  }
}

function vitest(env: Readonly<Record<string, string>>): Promise<number> {
  const chosen = flags.only?.split(',') ?? []
  const named = flags.name === undefined ? [] : ['-t', flags.name]
  return new Promise((settle) => {
    const child = spawn('vitest', ['run', '--config', '../../vitest.config.ts', ...chosen, ...named], {
      cwd: workspace,
      stdio: ['ignore', 'inherit', 'inherit'],
      env: { ...process.env, ...env },
    })
    child.once('error', (error) => {
      console.error(`vitest: ${error.message}`)
      settle(1)
    })
    child.once('close', (code) => settle(code ?? 1))
  })
}

interface Outcome {
  readonly passed: number
  readonly failed: readonly Failure[]
  readonly skipped: readonly unknown[]
}

/** As scripts/test-report.ts writes it. A failure of vitest that is none of a test counts, too. */
function outcome(exitCode: number): Outcome {
  const { passed, failed, skipped }: Outcome = existsSync(report)
    ? (JSON.parse(readFileSync(report, 'utf8')) as Outcome)
    : { passed: 0, failed: [], skipped: [] }
  const named = failed.map(({ what, error }) => ({ what: `test:dotnet ${what}`, error }))
  if (named.length === 0 && (exitCode !== 0 || !existsSync(report))) {
    named.push({ what: 'test:dotnet', error: `vitest ended with ${exitCode}, though no case failed` })
  }
  return { passed, failed: named, skipped }
}
