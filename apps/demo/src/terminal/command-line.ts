import { resolve } from 'node:path'
import { Command, InvalidArgumentError, Option } from 'commander'
import type { Values } from '../server/configuration.ts'
import { PAGE_OPTIONS, type PageOptions, pageSettings } from './page-settings.ts'
import { terminalWidth } from './text.ts'

const MISHAPS = ['crash', 'freeze', 'outage', 'without'] as const
const FORMS = ['terminal', 'once', ...MISHAPS] as const

export type Scenario = 'plain' | 'once' | (typeof MISHAPS)[number]

/** What the command line asks for: the page, or a story in the terminal that ends by itself. */
export type CommandLine =
  | { readonly kind: 'terminal'; readonly demo: DemoOptions }
  | {
      readonly kind: 'page'
      /** By the keys of the configuration. */
      readonly settings: Values
      /** Absent: the usual file, where it is. */
      readonly config?: string
      /** For a machine without a display, which shows the plain story as well. */
      readonly demo: DemoOptions
    }

/** A story in the terminal. */
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

const OPTION_OF: Readonly<Partial<Record<keyof PageOptions, string>>> = {
  open: 'no-open',
  modelStub: 'model-stub',
}

const HINT = 'Forms: --crash, --freeze, --outage, --without, --once. All options: --help'

/** Reads the arguments behind `npm run demo --`. @throws CommanderError, its message printed already */
export function parseCommandLine(args: readonly string[]): CommandLine {
  const form = (name: (typeof FORMS)[number], description: string): Option =>
    new Option(`--${name}`, description).conflicts(FORMS.filter((other) => other !== name))
  const command = new Command('npm run demo --')
    .usage('[form] [options]')
    .description(
      [
        'Serves a page that shows jobs at work on several instances at once, and what',
        'happens when one is killed, frozen or cut off, or Redis stops. Each must run once.',
      ].join('\n'),
    )
    .optionsGroup('The page:')
    .option('--port <number>', 'where it listens (default: 4747, or any other)')
    .option('--host <address>', 'on which address (default: 127.0.0.1)')
    .option('--no-open', 'open no browser')
    .option('--client <name>', 'ioredis, node-redis, mixed, or memory: no Redis')
    .option('--framework <name>', 'fastify, nest or mixed')
    .option('--cluster', 'on a local Redis Cluster of three masters')
    .option('--sample', 'review the small sample that comes with the demo')
    .option('--model-stub', 'ask a second reviewer, played by rules: no model, no key')
    .option('--hangfire <url>', 'review by jobs of the Hangfire in this Redis')
    .option('--config <file>', 'more settings: see apps/demo/aireview.env.example')
    .optionsGroup('Forms in the terminal, each ends by itself:')
    .addOption(form('terminal', 'five jobs, each started on three instances at once'))
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
  const named = FORMS.find((name) => given[name])
  const scenario = named === undefined || named === 'terminal' ? 'plain' : named
  const isOfPage = (name: keyof PageOptions): boolean => command.getOptionValueSource(name) === 'cli'
  const misplaced = named && PAGE_OPTIONS.find(isOfPage)
  if (misplaced !== undefined) {
    command.error(`error: --${OPTION_OF[misplaced] ?? misplaced} is for the page, and --${named} shows none`)
  }
  const isStorageGiven = command.getOptionValueSource('storage') !== 'default'
  if (scenario === 'without' && isStorageGiven) {
    command.error('error: --without uses no storage, so it takes no --storage')
  }
  if (MISHAPS.some((name) => name === scenario) && given.storage === 'memory') {
    command.error(`error: --${scenario} needs Redis: with memory storage everything is one process`)
  }
  const isFast = given.fast ?? scenario === 'once'
  const paceMs = given.pace ?? (isFast ? FAST_MS[scenario] : undefined)
  const shared = {
    ...(given.repo === undefined ? {} : { repo: fromCallersFolder(given.repo) }),
    ...(given.base === undefined ? {} : { base: given.base }),
    ...(given.head === undefined ? {} : { head: given.head }),
    ...(given.out === undefined ? {} : { out: fromCallersFolder(given.out) }),
    storage: given.storage,
  }
  const demo: DemoOptions = { ...shared, scenario, paceMs: paceMs ?? PACE_MS }
  if (named !== undefined) return { kind: 'terminal', demo }
  return {
    kind: 'page',
    settings: pageSettings(given, { ...shared, paceMs }),
    ...(given.config === undefined ? {} : { config: fromCallersFolder(given.config) }),
    demo,
  }
}

const NOTES = `
Redis is that of REDIS_URL (one URL, or those of a cluster's nodes with commas
between them). Without REDIS_URL the demo starts one for itself, and fetches it
first if it must. The exit code of a form is 0 if the database says what it is
to show: each job ran once, and with --without it ran three times.

Examples:
  npm run demo
  npm run demo -- --port 8080 --no-open
  npm run demo -- --without
  npm run demo -- --freeze
  npm run demo -- --crash --pace 400
  npm run demo -- --repo ../other --base v1.0.0 --head main`

interface GivenOptions extends PageOptions {
  readonly repo?: string
  readonly base?: string
  readonly head?: string
  readonly terminal?: boolean
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
