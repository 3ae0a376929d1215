import { randomUUID } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join, resolve } from 'node:path'
import type { CallOutcome } from '../instances/messages.ts'
import { JOB_TYPES } from '../jobs/job.ts'
import { GitInputError, openRepository } from '../review/git-repository.ts'
import { makeHistory } from '../review/history-of-files.ts'
import { openStore } from '../store/store.ts'
import type { DemoOptions } from '../terminal/command-line.ts'
import { startProgress } from '../terminal/progress.ts'
import { jobTable, results, startsLine, testimony } from '../terminal/report.ts'
import { judge } from './verdict.ts'
import { startFleet } from './fleet.ts'
import { runRounds } from './rounds.ts'
import { createRunFolder } from './run-folder.ts'

/** A crashed owner is waited for this long; with `--crash` short, for people to see the takeover. */
const LEASE_MS = 10_000
const CRASH_LEASE_MS = 6_000

/**
 * Plays the whole story and prints it.
 *
 * @param signal aborted on Ctrl-C: everything that was started is ended, then its reason is thrown
 * @returns whether the job bodies say that each job was done once
 */
export async function runDemo(options: DemoOptions, signal: AbortSignal): Promise<boolean> {
  const { scenario, storage, paceMs } = options
  await using stack = new AsyncDisposableStack()

  const input = await readInput(options, options.repo ?? (await ownRepository(stack)))
  print(`Reviewing ${input.title} of ${input.repository}`)
  const folder = await createRunFolder(options.out)
  const databasePath = join(folder, `${input.id}.sqlite`)
  const store = openStore(databasePath)
  stack.defer(() => store.close())
  store.reviews.addConfiguration({ name: 'local', provider: 'local', maxFiles: 200 })
  store.reviews.add({ ...input, reviewer: 'local' })

  const outcomes: CallOutcome[] = []
  const fleet = await startFleet({
    storage,
    settings: { databasePath, leaseMs: scenario === 'crash' ? CRASH_LEASE_MS : LEASE_MS, paceMs },
    logPath: (instance) => join(folder, `${input.id}.${instance}.jsonl`),
    onOutcome: (outcome) => void outcomes.push(outcome),
    print,
  })
  stack.defer(() => fleet.close())
  signal.throwIfAborted()
  if (scenario === 'crash' && fleet.isOneProcess) {
    throw new Error('--crash needs Redis: without it everything is one process.')
  }
  print(`Running on ${fleet.description}\n`)

  const progress = startProgress(JOB_TYPES)
  stack.defer(() => progress.stop('not ended'))
  const { killing, deaths } = await runRounds({
    fleet,
    reviewId: input.id,
    progress,
    ...(scenario === 'crash' ? { crash: { jobType: 'ai-review', atPercent: 50 } } : {}),
    signal,
  })
  await progress.stop('not ended')

  const runs = store.witness.all()
  const width = process.stdout.columns ?? Infinity
  const verdict = judge(runs, killing)
  for (const death of deaths) print(death)
  print(`\n${jobTable(runs, outcomes, width)}`)
  print(`${startsLine(outcomes)}\n\n${results(runs)}`)
  if (scenario === 'once') print(`\nWhat the bodies inserted themselves:\n${testimony(runs, width)}`)
  print(`\n${verdict.lines.map((line) => `${verdict.ok ? '✔' : '✖'} ${line}`).join('\n')}`)
  print(`Database and logs: ${folder}`)
  return verdict.ok
}

function print(line: string): void {
  process.stdout.write(`${line}\n`)
}

interface Input {
  readonly id: string
  readonly repository: string
  readonly baseCommit: string
  readonly headCommit: string
  readonly title: string
}

const ROOT = resolve(import.meta.dirname, '../../../..')

/** Where this file comes from; out of a ZIP, which has no history, a small one that is made of its files. */
async function ownRepository(stack: AsyncDisposableStack): Promise<string> {
  if (existsSync(join(ROOT, '.git'))) return ROOT
  print(`${ROOT} has no git history, so the demo makes a small one of its files and reviews that.`)
  const made = await mkdtemp(join(tmpdir(), 'holdfast-demo-'))
  stack.defer(() => rm(made, { recursive: true, force: true }))
  await makeHistory(ROOT, made)
  return made
}

async function readInput({ base, head }: DemoOptions, path: string): Promise<Input> {
  const repository = await openRepository(path)
  const range = await repository.resolveRange(base, head)
  const title = `${base ?? range.base.slice(0, 7)}..${head ?? range.head.slice(0, 7)}`
  if ((await repository.diff(range)) === '') {
    throw new GitInputError(`Nothing changes in ${title} of ${repository.root}.`)
  }
  // A fresh id in every run: on a Redis that stays, an earlier run's results would be replayed.
  const id = `${basename(repository.root)}-${randomUUID().slice(0, 8)}`
  return { id, repository: repository.root, baseCommit: range.base, headCommit: range.head, title }
}
