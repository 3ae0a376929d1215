/**
 * `npm run torture -- [--minutes 1] [--feature locks|idempotency] [--seed N] [--workers 6] [--evidence DIR] [--forgetful yes|no]`
 *
 * Runs rounds of half a minute, each with servers and a seed of its own. In every other round (or all, or none) the
 * storage also forgets: failovers to a replica that lacks the last writes, FLUSHALL. Without a feature both take turns.
 * Exits with 1 when a promise was broken; what was witnessed is then kept in DIR.
 */
import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { torture } from '@holdfast/testbed/torture'
import { printRound, printTotal } from './report.ts'
import { features, isFeature, workloadOf } from './features.ts'

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '1' },
    feature: { type: 'string' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    workers: { type: 'string', default: '6' },
    evidence: { type: 'string' },
    forgetful: { type: 'string' },
  },
})
const chosen = values.feature === undefined ? features : [values.feature].filter(isFeature)
if (chosen.length === 0)
  throw new Error(`there is no feature ${values.feature}; there are ${features.join(', ')}`)

const ROUND_MS = 30_000
const endsAt = performance.now() + Number(values.minutes) * 60_000
const firstSeed = Number(values.seed)
const rounds = []

for (let round = 0; round === 0 || performance.now() < endsAt; round++) {
  const feature = chosen[round % chosen.length] ?? 'idempotency'
  const everyOther = Math.floor(round / chosen.length) % 2 === 1
  const losesWrites = values.forgetful === undefined ? everyOther : values.forgetful === 'yes'
  const durationMs = Math.max(1_000, Math.min(ROUND_MS, endsAt - performance.now()))
  const workload = workloadOf(feature)
  const report = await torture({
    workload,
    seed: firstSeed + round,
    durationMs,
    workers: Number(values.workers),
    losesWrites,
    ...(values.evidence === undefined ? {} : { evidence: resolve(values.evidence) }),
  })
  printRound({ feature, losesWrites, durationMs }, report)
  rounds.push(report)
}
printTotal(rounds)
process.exitCode = rounds.some(({ violations }) => violations.length > 0) ? 1 : 0
