import { resolve } from 'node:path'
import { chosen, endOnSignals, numberFrom, readFlags } from '@holdfast/test-support/command'
import { faultNames, losingFaults, chaos } from '@holdfast/test-support/chaos'
import { features, workloadOf } from './features.ts'
import { printRound, printTotal } from './report.ts'

const usage = `
npm run chaos -- [options]

Runs rounds of half a minute, each with its own servers and seed, and judges what was witnessed. The servers are a
primary and a replica that change places behind an address that follows the primary: the primary is killed, or demoted by
FAILOVER, which leaves subscribers on a replica. In every other round the storage also forgets: crashes and failovers that lose
the last writes, FLUSHALL. Exits with 1 when a promise was broken.

  --minutes N          how long (default 1)
  --feature NAME       ${features.join(' or ')} (default: they take turns)
  --seed N             of the first round (default: the clock's)
  --workers N          processes (default 6)
  --forgetful yes|no   the storage forgets in all rounds, or in none (default: in every other)
  --faults A,B,…       only these, of those that go with the round (default: all)
  --evidence DIR       gets what was witnessed when a promise was broken
`
const flags = readFlags(usage, {
  minutes: 'string',
  feature: 'string',
  seed: 'string',
  workers: 'string',
  evidence: 'string',
  forgetful: 'string',
  faults: 'string',
})
const minutes = numberFrom('minutes', flags.minutes, { min: 0, integer: false }) ?? 1
const firstSeed = numberFrom('seed', flags.seed, { min: 0 }) ?? Date.now() % 1_000_000
const workers = numberFrom('workers', flags.workers, { min: 1 }) ?? 6
const inTurn = chosen('feature', flags.feature, features)
const forgetful = flags.forgetful === undefined ? [] : chosen('forgetful', flags.forgetful, ['yes', 'no'])
const evidence = flags.evidence === undefined ? {} : { evidence: resolve(flags.evidence) }
const only = chosen('faults', flags.faults, faultNames)
endOnSignals()

const ROUND_MS = 30_000
const endsAt = performance.now() + minutes * 60_000
const rounds = []

for (let round = 0; round === 0 || performance.now() < endsAt; round++) {
  const feature = inTurn[round % inTurn.length] ?? 'idempotency'
  const everyOther = Math.floor(round / inTurn.length) % 2 === 1
  const losesWrites = forgetful.length === 1 ? forgetful[0] === 'yes' : everyOther
  const durationMs = Math.max(1_000, Math.min(ROUND_MS, endsAt - performance.now()))
  const workload = workloadOf(feature)
  const report = await chaos({
    workload,
    seed: firstSeed + round,
    durationMs,
    workers,
    losesWrites,
    faults: only.filter((name) => losesWrites || !losingFaults.some((each) => each === name)),
    ...evidence,
  })
  printRound({ feature, losesWrites, durationMs }, report)
  rounds.push(report)
}
printTotal(rounds)
process.exitCode = rounds.some(({ violations }) => violations.length > 0) ? 1 : 0
