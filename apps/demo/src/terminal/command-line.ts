import { resolve } from 'node:path'
import { Command, InvalidArgumentError, Option } from 'commander'

/** What the command line asks for. */
export interface DemoOptions {
  /** Absent: the repository that the demo is part of. */
  readonly repo?: string
  readonly base?: string
  readonly head?: string
  readonly scenario: 'plain' | 'once' | 'crash'
  readonly storage: 'auto' | 'redis' | 'memory'
  readonly paceMs: number
  /** Where the database and the logs go. */
  readonly out?: string
}

/** Slow enough for people to follow; a crash must hit the middle of a job. */
const PACE_MS = 150
const CRASH_PACE_MS = 250

/** Reads the arguments behind `npm run demo --`. @throws CommanderError, its message printed already */
export function parseCommandLine(args: readonly string[]): DemoOptions {
  const command = new Command('npm run demo --')
    .usage('[options]')
    .description(
      [
        'AIReview: five jobs review real commits, fired on three instances at the same time, each run once.',
        'Redis is taken from REDIS_URL, else started privately, else fetched; without any it runs in memory.',
      ].join('\n'),
    )
    .option('--repo <path>', 'git repository to review (default: this one)')
    .option('--base <ref>', 'compare with this commit (default: five commits before the head)')
    .option('--head <ref>', 'review up to this commit (default: HEAD)')
    .addOption(
      new Option('--once', 'show the testimony of the job bodies; exit 0 only if each ran once').conflicts(
        'crash',
      ),
    )
    .option('--crash', 'kill the instance that reviews, midway, and show the takeover')
    .addOption(
      new Option('--storage <kind>', 'where the state is kept')
        .choices(['auto', 'redis', 'memory'])
        .default('auto'),
    )
    .option(
      '--pace <ms>',
      `pause after each stage (default: ${PACE_MS}, with --crash ${CRASH_PACE_MS})`,
      milliseconds,
    )
    .option('--out <folder>', 'where to keep the database and the logs (default: apps/demo/.cache/runs/…)')
    .helpOption('-h, --help', 'show this text')
    .addHelpText('after', EXAMPLES)
    .exitOverride()
  command.parse(args, { from: 'user' })

  const given = command.opts<GivenOptions>()
  if (given.crash && given.storage === 'memory') {
    command.error('error: --crash needs Redis: with memory storage everything is one process')
  }
  return {
    ...(given.repo === undefined ? {} : { repo: fromCallersFolder(given.repo) }),
    ...(given.base === undefined ? {} : { base: given.base }),
    ...(given.head === undefined ? {} : { head: given.head }),
    scenario: given.crash ? 'crash' : given.once ? 'once' : 'plain',
    storage: given.storage,
    paceMs: given.pace ?? (given.crash ? CRASH_PACE_MS : PACE_MS),
    ...(given.out === undefined ? {} : { out: fromCallersFolder(given.out) }),
  }
}

const EXAMPLES = `
Examples:
  npm run demo
  npm run demo -- --once
  npm run demo -- --crash --pace 400
  npm run demo -- --repo ../other --base v1.0.0 --head main`

interface GivenOptions {
  readonly repo?: string
  readonly base?: string
  readonly head?: string
  readonly once?: boolean
  readonly crash?: boolean
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
