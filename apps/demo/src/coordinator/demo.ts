import { join } from 'node:path'
import { rm } from 'node:fs/promises'
import type { CallOutcome } from '../instances/messages.ts'
import { JOB_TYPES } from '../jobs/job.ts'
import { openStore } from '../store/store.ts'
import type { DemoOptions, Scenario } from '../terminal/command-line.ts'
import { startProgress } from '../terminal/progress.ts'
import { jobTable, results, testimony } from '../terminal/report.ts'
import { paragraph, pathForReading, terminalWidth } from '../terminal/text.ts'
import { TITLES, introduction } from '../terminal/introduction.ts'
import { createBank } from './bank.ts'
import { runControl } from './control-run.ts'
import { startFleet } from './fleet.ts'
import { readInput } from './input.ts'
import type { MISHAPS } from './mishaps.ts'
import { runRounds } from './rounds.ts'
import { createRunFolder } from './run-folder.ts'
import { judge, judgeControl } from './verdict.ts'

/**
 * An owner that falls silent is waited for this long. Short where people are to see a takeover; longer than any outage of the
 * scenario, whose jobs are to go on.
 */
const LEASE_MS: Readonly<Record<Scenario, number>> = {
  plain: 10_000,
  once: 10_000,
  without: 10_000,
  crash: 6_000,
  freeze: 6_000,
  outage: 30_000,
}

/**
 * Plays the whole story and prints it.
 *
 * @param signal aborted on Ctrl-C: everything that was started is ended, then its reason is thrown. What is being started
 * then ends with the process.
 * @returns whether the database says what the scenario is to show
 */
export async function runDemo(options: DemoOptions, signal: AbortSignal): Promise<boolean> {
  const { scenario, storage, paceMs } = options
  const isControl = scenario === 'without'
  await using stack = new AsyncDisposableStack()
  const width = terminalWidth()
  const fact = (name: string, text: string): void => print(name.padEnd(11) + paragraph(text, width, 11))
  print(`${paragraph(`${TITLES[scenario]} ${introduction(scenario)}`, width)}\n`)

  const input = await readInput(options, stack)
  fact('Reviewed', input.description)
  const folder = await createRunFolder(options.out)
  // A run that was stopped is nothing to look at.
  stack.defer(async () => {
    if (signal.aborted && options.out === undefined) await rm(folder, { recursive: true, force: true })
  })
  const databasePath = join(folder, `${input.id}.sqlite`)
  const store = openStore(databasePath)
  stack.defer(() => store.close())
  store.reviews.addConfiguration({ name: 'local', provider: 'local', maxFiles: 200 })
  store.reviews.add({ ...input, reviewer: 'local' })

  const outcomes: CallOutcome[] = []
  const bank = createBank()
  const starting = startFleet({
    storage: isControl ? 'none' : storage,
    needsOwnRedis: scenario === 'outage',
    settings: { databasePath, leaseMs: LEASE_MS[scenario], paceMs, withHoldfast: !isControl },
    logPath: (instance) => join(folder, `${input.id}.${instance}.jsonl`),
    reports: { onOutcome: (outcome) => void outcomes.push(outcome), askBank: bank.ask },
    print: (text) => print(paragraph(text, width)),
  })
  const fleet = await unlessAborted(starting, signal)
  stack.defer(() => fleet.close())
  if (fleet.isOneProcess && (scenario === 'crash' || scenario === 'freeze' || scenario === 'outage')) {
    throw new Error(`--${scenario} needs Redis: without it everything is one process.`)
  }
  fact('Instances', fleet.description)
  fact('State', fleet.storage)
  print('')

  const progress = startProgress(JOB_TYPES, width)
  stack.defer(() => progress.stop('not ended'))
  const { observer } = fleet
  const parts = { fleet, store, reviewId: input.id, progress, signal }
  const { happened, deaths } =
    observer === undefined
      ? await runControl(parts)
      : await runRounds({ ...parts, observer, bank, scenario: mishapOf(scenario) })
  await progress.stop('not ended')

  const runs = store.witness.all()
  const seen = {
    runs,
    charges: store.effects.charges(input.id),
    refusedWrites: store.effects.refusedWrites(input.id),
    outcomes,
    happened,
  }
  for (const death of deaths) print(death)
  print(`\n${jobTable(seen, width)}\n`)
  const verdict = isControl ? judgeControl(seen, fleet.instances.length) : judge(seen)
  const sign = verdict.ok && !isControl ? '✔' : '✖'
  for (const line of verdict.lines) print(paragraph(`${sign} ${line}`, width, 2))
  if (scenario === 'once') print(`\nThe rows that each run inserted:\n${testimony(runs, width)}`)
  print(`\nWhat the jobs found:\n${results(runs, width)}`)
  print(`\nDatabase and logs:\n${pathForReading(folder)}`)
  return verdict.ok
}

function mishapOf(scenario: Scenario): keyof typeof MISHAPS {
  return scenario === 'once' || scenario === 'without' ? 'plain' : scenario
}

/** A download of Redis may take long, and a server may say nothing: Ctrl-C waits for neither. */
function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    work.then(resolve, reject)
    const aborted = (): void => reject(signal.reason as Error)
    if (signal.aborted) aborted()
    else signal.addEventListener('abort', aborted)
  })
}

function print(text: string): void {
  process.stdout.write(`${text}\n`)
}
