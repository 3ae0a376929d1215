import { resolve } from 'node:path'
import { Command, InvalidArgumentError, Option } from 'commander'
import { terminalWidth } from './text.ts'

const MISHAPS = ['crash', 'freeze', 'outage', 'without'] as const
const FORMS = ['once', ...MISHAPS] as const

export type Scenario = 'plain' | (typeof FORMS)[number]

/** What the command line asks for. */
export interface DemoOptions {
  /** Absent: the repository that the demo is part of. */
  readonly repo?: string
  readonly base?: string
  readonly head?: string
  readonly scenario: Scenario
  readonly storage: 'auto' | 'redis' | 'memory'
  readonly paceMs: number
  /** Where the database and the logs go. */
  readonly out?: string
}

/** Slow enough for people to follow: about ten seconds for the longest job. */
const PACE_MS = 900

/** A job that is to be killed in the middle must have a middle. */
const FAST_MS: Readonly<Record<Scenario, number>> = {
  plain: 50,
  once: 150,
  crash: 250,
  freeze: 50,
  outage: 250,
  without: 50,
}

const HINT = 'Forms: --crash, --freeze, --outage, --without, --once. All options: --help'

/** Reads the arguments behind `npm run demo --`. @throws CommanderError, its message printed already */
export function parseCommandLine(args: readonly string[]): DemoOptions {
  const form = (name: (typeof FORMS)[number], description: string): Option =>
    new Option(`--${name}`, description).conflicts(FORMS.filter((other) => other !== name))
  const command = new Command('npm run demo --')
    .usage('[form] [options]')
    .description(
      [
        'Five jobs review commits, on three instances that start all of them at the',
        'same moment. Each job must run once, whatever happens.',
      ].join('\n'),
    )
    .optionsGroup('Forms, each ends by itself:')
    .addOption(form('crash', 'kill the instance that runs a job; another takes over'))
    .addOption(form('freeze', 'freeze it instead, and wake it up when it is too late'))
    .addOption(form('outage', 'stop Redis in the middle, and start it again'))
    .addOption(form('without', 'the same without Holdfast: the control run'))
    .addOption(form('once', 'for scripts: fast, and prints the rows of each run'))
    .optionsGroup('Options:')
    .addOption(new Option('--fast', 'pause as little as the form allows').conflicts('pace'))
    .option('--pace <ms>', `pause after each stage of a job (default: ${PACE_MS})`, milliseconds)
    .option('--repo <path>', 'git repository to review (default: this one)')
    .option('--base <ref>', 'review from here (default: five commits back)')
    .option('--head <ref>', 'review up to here (default: HEAD)')
    .addOption(
      new Option('--storage <kind>', 'where Holdfast keeps its state')
        .choices(['auto', 'redis', 'memory'])
        .default('auto'),
    )
    .option('--out <folder>', 'for database and logs (default: apps/demo/.cache/runs)')
    .helpOption('-h, --help', 'show this text')
    .addHelpText('after', NOTES)
    .showHelpAfterError(HINT)
    .configureHelp({ helpWidth: terminalWidth() })
    .configureOutput({ getOutHelpWidth: terminalWidth, getErrHelpWidth: terminalWidth })
    .exitOverride()
  command.parse(args, { from: 'user' })

  const given = command.opts<GivenOptions>()
  const scenario = FORMS.find((name) => given[name]) ?? 'plain'
  const isStorageGiven = command.getOptionValueSource('storage') !== 'default'
  if (scenario === 'without' && isStorageGiven) {
    command.error('error: --without uses no storage, so it takes no --storage')
  }
  if (MISHAPS.some((name) => name === scenario) && given.storage === 'memory') {
    command.error(`error: --${scenario} needs Redis: with memory storage everything is one process`)
  }
  const isFast = given.fast ?? scenario === 'once'
  return {
    ...(given.repo === undefined ? {} : { repo: fromCallersFolder(given.repo) }),
    ...(given.base === undefined ? {} : { base: given.base }),
    ...(given.head === undefined ? {} : { head: given.head }),
    scenario,
    storage: given.storage,
    paceMs: given.pace ?? (isFast ? FAST_MS[scenario] : PACE_MS),
    ...(given.out === undefined ? {} : { out: fromCallersFolder(given.out) }),
  }
}

const NOTES = `
Redis is that of REDIS_URL (one URL, or those of a cluster's nodes with commas
between them). Without REDIS_URL the demo starts one for itself, and fetches it
first if it must. The exit code is 0 if the database says what the form is to
show: each job ran once, and with --without it ran three times.

Examples:
  npm run demo
  npm run demo -- --without
  npm run demo -- --freeze
  npm run demo -- --crash --pace 400
  npm run demo -- --repo ../other --base v1.0.0 --head main`

interface GivenOptions {
  readonly repo?: string
  readonly base?: string
  readonly head?: string
  readonly once?: boolean
  readonly crash?: boolean
  readonly freeze?: boolean
  readonly outage?: boolean
  readonly without?: boolean
  readonly fast?: boolean
  readonly storage: DemoOptions['storage']
  readonly pace?: number
  readonly out?: string
}

function milliseconds(text: string): number {
  const value = Number(text)
  if (!Number.isInteger(value) || value < 0 || value > 60_000) {
    throw new InvalidArgumentError('It must be a whole number of milliseconds up to 60000.')
  }
  return value
}

/** npm runs scripts in the package's folder and says where it was called. */
function fromCallersFolder(path: string): string {
  return resolve(process.env['INIT_CWD'] ?? process.cwd(), path)
}
