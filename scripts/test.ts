/**
 * `npm test`: every check of the repository, in order, all of them even when one fails. Turbo runs the checks, and repeats
 * none whose inputs are as they were when it passed.
 *
 * - `npm test -- --only tests` runs one step (or several: `--only build,lint`)
 * - `npm test -- --force` repeats everything; so does CI, which trusts no cache
 * - `npm test -- --affected` runs what differs from the branch `main`
 *
 * What has failed is named once more before the last lines, for logs are cut. The last line is for machines.
 */
import { spawn, spawnSync } from 'node:child_process'
import { existsSync, globSync, readFileSync, rmSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { type Failure, failureLines } from '@holdfast/test-support/failures'
import { workspacesIn } from '@holdfast/test-support/workspaces'
import { bundlePackages } from './bundles.ts'
import { longestWorkspaceFirst } from './longest-first.ts'
import { noteServers } from './servers.ts'
import { REPORT, type TestReport } from './test-report.ts'
import { WORKSPACES_AT_A_TIME, openTurns } from './turns.ts'

interface Outcome {
  readonly passed: number
  readonly failed: readonly Failure[]
}

const root = resolve(import.meta.dirname, '..')

const steps: Readonly<Record<string, { readonly title: string; run(title: string): Promise<Outcome> }>> = {
  build: { title: 'Build and types', run: build },
  lint: { title: 'Lint', run: lint },
  format: { title: 'Format', run: (title) => check(title, '//#format:check') },
  knip: { title: 'Unused code and dependencies', run: (title) => check(title, '//#knip') },
  tests: { title: 'Tests', run: testSuite },
  packages: { title: 'Packages as published', run: packages },
  size: { title: 'Size', run: (title) => check(title, '//#size') },
}

const { values } = parseArgs({
  options: { only: { type: 'string' }, force: { type: 'boolean' }, affected: { type: 'boolean' } },
})
const chosen = values.only?.split(',') ?? Object.keys(steps)
const isForced = values.force === true || Boolean(process.env['CI'])
const flags = [
  ...(isForced ? ['--force'] : []),
  ...(values.affected === true && canCompare() ? ['--affected'] : []),
]
let passed = 0
const failed: Failure[] = []
const durations: string[] = []
const notes: string[] = []

for (const name of chosen) {
  const step = steps[name]
  if (!step) throw new Error(`There is no step ${name}; there are ${Object.keys(steps).join(', ')}`)
  console.log(`\n── ${step.title}`)
  const start = performance.now()
  const outcome = await step.run(step.title)
  passed += outcome.passed
  failed.push(...outcome.failed)
  durations.push(`${name} ${((performance.now() - start) / 1000).toFixed(1)} s`)
  console.log(`${outcome.failed.length === 0 ? 'ok' : 'FAILED'} (${durations.at(-1)})`)
}

console.log()
for (const line of failureLines(failed)) console.log(line)
console.log(durations.join(' · '))
for (const note of notes) console.log(note)
process.exitCode = failed.length === 0 ? 0 : 1
console.log(`${passed} passed, ${failed.length} failed`)

/** One check, whatever the number of workspaces that it goes through. */
async function check(title: string, ...names: readonly string[]): Promise<Outcome> {
  const { exitCode, tasks } = await turbo(names)
  if (exitCode === 0) return { passed: 1, failed: [] }
  const culprits = tasks.filter(hasFailed).map(({ taskId }) => taskId)
  return {
    passed: 0,
    failed: [{ what: title, error: culprits.join(', ') || `turbo ended with ${exitCode}` }],
  }
}

/** Turbo says which workspace it is when something is wrong. */
async function build(title: string): Promise<Outcome> {
  return (await compiles()) ? { passed: 1, failed: [] } : await check(title, 'build', 'typecheck')
}

/** Where all of it is repeated, one linter for all workspaces: it reads the types once, in half of the time. */
async function lint(title: string): Promise<Outcome> {
  if (!isForced) return await check(title, 'lint')
  if (await succeeds('oxlint', '--type-aware', '--deny-warnings')) return { passed: 1, failed: [] }
  return { passed: 0, failed: [{ what: title, error: '`npm run lint` names what is wrong' }] }
}

/**
 * One compiler for all workspaces. One for each takes three times as long, and half a minute even when everything is up to
 * date.
 */
async function compiles(): Promise<boolean> {
  return await succeeds('tsc', '-b')
}

async function succeeds(program: string, ...options: readonly string[]): Promise<boolean> {
  return await new Promise((settle) => {
    const child = spawn(program, options, { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] })
    child.once('error', () => settle(false))
    child.once('close', (code) => settle(code === 0))
  })
}

/** Each package counts. */
async function packages(title: string): Promise<Outcome> {
  if (!(await compiles())) return { passed: 0, failed: [{ what: title, error: '`tsc -b` failed' }] }
  const { exitCode, tasks } = await turbo(['package'])
  const packed = tasks.filter(({ task }) => task === 'package')
  const failures = packed
    .filter(({ execution }) => execution?.exitCode !== 0)
    .map((task) => ({ what: title, error: `${task.taskId} ${ending(task)}` }))
  return { passed: packed.length - failures.length, failed: atLeastOne(failures, title, exitCode) }
}

/** Each test counts, those of cached workspaces, too: their reports are outputs, which turbo restores. */
async function testSuite(title: string): Promise<Outcome> {
  for (const line of await noteServers()) console.log(line)
  const reports = new Map(
    workspacesIn(root).map(({ folder, manifest }) => [manifest.name, join(root, folder, REPORT)]),
  )
  for (const report of reports.values()) rmSync(report, { force: true })
  const turns = await openTurns(WORKSPACES_AT_A_TIME, longestWorkspaceFirst)
  const { exitCode, tasks } = await turbo(['test'], {
    flags: [`--concurrency=${reports.size}`],
    env: {
      ...turns.env,
      ...(await bundles()),
      ...(process.env['CI'] === undefined ? {} : { HOLDFAST_TEST_RETRY: '1' }),
    },
  })
  turns.close()

  let [passed, cached] = [0, 0]
  const failures: Failure[] = []
  const skipped = new Map<string, number>()
  for (const task of tasks) {
    const name = task.package
    const file = reports.get(name)
    if (task.task !== 'test' || file === undefined) continue
    const report = readReport(file)
    passed += report?.passed ?? 0
    failures.push(...(report?.failed ?? []).map(({ what, error }) => ({ what: `${name} ${what}`, error })))
    // It has failed before it came to its tests or after them, or was not run because turbo gave up.
    if (!report?.failed.length && task.execution?.exitCode !== 0) {
      failures.push({ what: name, error: `${task.taskId} ${ending(task)}, though no test failed` })
    }
    if (task.cache.status === 'HIT') cached += report?.passed ?? 0
    for (const what of report?.flaky ?? []) notes.push(`failed once, then passed: ${name} ${what}`)
    for (const { reason } of report?.skipped ?? []) skipped.set(reason, (skipped.get(reason) ?? 0) + 1)
  }
  for (const [reason, count] of skipped) notes.push(`skipped ${count}: ${reason}`)
  const allSkipped = [...skipped.values()].reduce((sum, count) => sum + count, 0)
  notes.push(`${cached} of the tests were cached (--force repeats them), ${allSkipped} were skipped`)
  return { passed, failed: atLeastOne(failures, title, exitCode) }
}

/** What cannot be bundled cannot be loaded either: the tests say where. */
async function bundles(): Promise<NodeJS.ProcessEnv> {
  return await bundlePackages(root).catch((error: unknown) => {
    console.log(`The packages could not be bundled: ${String(error)}`)
    return {}
  })
}

/** Turbo fails without a task that has failed when it cannot start one. */
function atLeastOne(failures: readonly Failure[], title: string, exitCode: number): readonly Failure[] {
  if (failures.length > 0 || exitCode === 0) return failures
  return [{ what: title, error: `turbo ended with ${exitCode}` }]
}

function readReport(file: string): TestReport | undefined {
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as TestReport) : undefined
}

/** The part of a task in turbo's run summary that is read here. */
interface TaskSummary {
  /** Such as `@holdfast/core#test`. */
  readonly taskId: string
  readonly task: string
  readonly package: string
  readonly cache: { readonly status: 'HIT' | 'MISS' }
  readonly execution?: { readonly exitCode: number | null }
}

function hasFailed({ execution }: TaskSummary): boolean {
  return execution !== undefined && execution.exitCode !== 0
}

function ending({ execution }: TaskSummary): string {
  return execution === undefined ? 'was not run' : `ended with ${execution.exitCode}`
}

/** Runs tasks in all workspaces that have them. What failed is printed; so is what is not cached, when it is done. */
async function turbo(
  tasks: readonly string[],
  { flags: more = [], env = {} }: { flags?: readonly string[]; env?: NodeJS.ProcessEnv } = {},
): Promise<{ readonly exitCode: number; readonly tasks: readonly TaskSummary[] }> {
  const summaries = join(root, '.turbo/runs')
  rmSync(summaries, { recursive: true, force: true })
  const options = [
    '--continue',
    '--output-logs=new-only',
    '--log-order=grouped',
    '--summarize',
    ...flags,
    ...more,
  ]
  const exitCode = await new Promise<number>((settle) => {
    const child = spawn('turbo', ['run', ...tasks, ...options], {
      cwd: root,
      stdio: ['ignore', 'inherit', 'inherit'],
      env: { ...process.env, ...env, TURBO_TELEMETRY_DISABLED: '1', DO_NOT_TRACK: '1' },
    })
    child.once('error', (error) => {
      console.error(`turbo: ${error.message}`)
      settle(1)
    })
    child.once('close', (code) => settle(code ?? 1))
  })
  const [summary] = globSync('*.json', { cwd: summaries })
  if (summary === undefined) return { exitCode: exitCode || 1, tasks: [] }
  const { tasks: done } = JSON.parse(readFileSync(join(summaries, summary), 'utf8')) as {
    tasks: TaskSummary[]
  }
  return { exitCode, tasks: done }
}

/** Whether git can tell what differs from `main`. Says so when it cannot: then everything is run. */
function canCompare(): boolean {
  const { stdout, status } = spawnSync('git', ['rev-parse', '--show-toplevel', '--is-shallow-repository'], {
    cwd: root,
    encoding: 'utf8',
  })
  const [top, shallow] = stdout?.trim().split('\n') ?? []
  const reason =
    status !== 0 || top !== root
      ? 'This folder is no git repository'
      : shallow === 'true'
        ? 'This clone is shallow'
        : undefined
  if (reason) console.log(`${reason}, so nothing says what is affected: everything runs.`)
  return reason === undefined
}
