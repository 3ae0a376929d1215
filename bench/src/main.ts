import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import {
  type FlagValues,
  type Flags,
  chosen,
  numberFrom,
  readFlags,
  refuse,
} from '@holdfast/test-support/command'

const usage = `
npm run bench -- [name [options]]

One bench, or all of them one after the other, beside the raw client and the peers. Figures are ratios.

  idempotency   --rounds N    of each scenario (default 7)
                --only WORDS  fresh,parallel,replay,storm,commands
                --quick       only the raw client and Holdfast
  locks         --rounds N    of each scenario (default 7)
                --only WORDS  pairs,parallel,contended,commands,memory,abort
                --quick       only the raw client and Holdfast
  cache         --rounds N    of each scenario (default 7)
                --only WORDS  hits,tags,cold,storm,stale,frozen,many,pattern
                --quick       only the raw client and Holdfast
  near          --rounds N    of each scenario (default 7)
                --only WORDS  hits,first,invalidation,heap,cpu,load,faults,server,commands,ratio,old
                --quick       only the raw client and Holdfast
  fastify       --pairs N     of measurements (default 7)
                --seconds N   for each (default 3)
                --storages WORDS  memory,ioredis,redis
  capacity      bytes of one thing of each kind in Redis, and the commands of one operation
                --keys N      of each kind (default 5000)
                --only WORDS  bytes,commands
  hangfire      --rounds N    of each side (default 5)
                --only WORDS  commands,enqueue,run
                --jobs N      to enqueue and run in a round (default 10,000)
                --quick       2,000 jobs, and Hangfire's storage 1.12.0 only
  hangfire-locks  a lock of Hangfire in .NET beside one of Holdfast: hand-over, contention, a crash, a lost connection
                --rounds N    of each scenario (default 5)
                --only WORDS  pairs,release,contended,crash,cut
  telemetry     what each bridge of @holdfast/telemetry costs, and that nothing is paid without one
                --rounds N    of each scenario (default 7)
                --only WORDS  memory,redis
  functions     how many of our files and functions one operation passes
                --list        names them
`
interface Bench {
  readonly flags: Flags
  /** The flag that takes words, and those. */
  readonly words?: readonly [flag: string, ...all: string[]]
}
const benches: Readonly<Record<string, Bench>> = {
  idempotency: {
    flags: { rounds: 'string', only: 'string', quick: 'boolean' },
    words: ['only', 'fresh', 'parallel', 'replay', 'storm', 'commands'],
  },
  locks: {
    flags: { rounds: 'string', only: 'string', quick: 'boolean' },
    words: ['only', 'pairs', 'parallel', 'contended', 'commands', 'memory', 'abort'],
  },
  cache: {
    flags: { rounds: 'string', only: 'string', quick: 'boolean' },
    words: ['only', 'hits', 'tags', 'cold', 'storm', 'stale', 'frozen', 'many', 'pattern'],
  },
  near: {
    flags: { rounds: 'string', only: 'string', quick: 'boolean' },
    words: [
      'only',
      'hits',
      'first',
      'invalidation',
      'heap',
      'cpu',
      'load',
      'faults',
      'server',
      'commands',
      'ratio',
      'old',
    ],
  },
  fastify: {
    flags: { pairs: 'string', seconds: 'string', storages: 'string' },
    words: ['storages', 'memory', 'ioredis', 'redis'],
  },
  capacity: { flags: { keys: 'string', only: 'string' }, words: ['only', 'bytes', 'commands'] },
  hangfire: {
    flags: { rounds: 'string', only: 'string', jobs: 'string', quick: 'boolean' },
    words: ['only', 'commands', 'enqueue', 'run'],
  },
  'hangfire-locks': {
    flags: { rounds: 'string', only: 'string' },
    words: ['only', 'pairs', 'release', 'contended', 'crash', 'cut'],
  },
  telemetry: { flags: { rounds: 'string', only: 'string' }, words: ['only', 'memory', 'redis'] },
  functions: { flags: { list: 'boolean' } },
}

const args = process.argv.slice(2).filter((arg) => arg !== '--')
const name = args[0]?.startsWith('-') === false ? args.shift() : undefined
const bench = name === undefined ? undefined : benches[name]
if (name !== undefined && bench === undefined) refuse(`There is no bench '${name}'`)
const flags: FlagValues<Flags> = readFlags(usage, bench?.flags ?? {}, args)
for (const flag of ['rounds', 'pairs', 'seconds', 'keys', 'jobs'])
  numberFrom(flag, flags[flag]?.toString(), { min: 1 })
if (bench?.words !== undefined) {
  const [flag, ...all] = bench.words
  args.push(`--${flag}=${chosen(flag, flags[flag]?.toString(), all).join(',')}`)
}

for (const each of name === undefined ? Object.keys(benches) : [name]) {
  const script = join(import.meta.dirname, `${each}.ts`)
  const command = ['--conditions=@holdfast/source', '--no-warnings', script, ...args]
  const [code] = (await once(spawn(process.execPath, command, { stdio: 'inherit' }), 'exit')) as [number]
  if (code !== 0) process.exitCode = 1
}
