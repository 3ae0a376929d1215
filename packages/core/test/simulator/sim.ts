/**
 * `npm run sim -- --seeds N --feature locks|idempotency|cache`: simulates N histories, from seed `--first` (default 1) on.
 * `--seed S` replays one, shrinks it if it fails, and draws it. `--mutation NAME` breaks the protocol first.
 * `--minutes N` goes on for that long instead of for a number of seeds.
 */
import { parseArgs } from 'node:util'
import {
  type Feature,
  type SimulationOptions,
  Totals,
  cacheFeature,
  drawTimeLine,
  idempotencyFeature,
  locksFeature,
  search,
  shrink,
  simulate,
} from '../../src/testing/simulator/index.ts'
import { type Mutation, mutations, withMutation } from './mutations/index.ts'

const features: readonly Feature[] = [idempotencyFeature, locksFeature, cacheFeature]
const { values } = parseArgs({
  // pnpm passes a `--` on.
  args: process.argv.slice(2).filter((arg) => arg !== '--'),
  options: {
    feature: { type: 'string', default: 'idempotency' },
    seeds: { type: 'string', default: '1000' },
    first: { type: 'string', default: '1' },
    minutes: { type: 'string' },
    seed: { type: 'string' },
    mutation: { type: 'string' },
  },
})

const feature = features.find(({ name }) => name === values.feature)
if (feature === undefined) {
  throw new Error(`--feature must be one of ${features.map(({ name }) => name).join(', ')}`)
}
const mutation = mutationCalled(feature, values.mutation)
process.exitCode = await withMutation(mutation, (options) =>
  values.seed === undefined ? searchFrom(feature, options) : replay(feature, options, Number(values.seed)),
)

async function replay(of: Feature, options: Partial<SimulationOptions>, seed: number): Promise<number> {
  const result = await simulate(of, { ...options, seed, record: true })
  const shown = result.violation === null ? result : await shrink(of, { ...options, seed })
  console.log(drawTimeLine(shown))
  return result.violation === null ? 0 : 1
}

async function searchFrom(of: Feature, options: Partial<SimulationOptions>): Promise<number> {
  const totals = new Totals()
  const startedAt = performance.now()
  const { user } = process.cpuUsage()
  const most = values.minutes === undefined ? Number(values.seeds) : Infinity
  const until = startedAt + Number(values.minutes ?? Infinity) * 60_000
  let done = 0
  let failed = 0
  while (done < most && failed < 10 && performance.now() < until) {
    const seeds = Math.min(500, most - done)
    const result = await search(of, { ...options, firstSeed: Number(values.first) + done, seeds })
    done += result.seeds
    failed += result.failures.length
    for (const [what, count] of result.totals.counts) totals.count(what, count)
    for (const { seed, violation } of result.failures) {
      console.log(`seed ${seed} violates ${violation.guarantee}: ${violation.message}`)
      console.log(`  npm run sim -- --feature ${of.name} --seed ${seed}`)
    }
  }
  const seconds = (performance.now() - startedAt) / 1_000
  const cpu = (process.cpuUsage().user - user) / 1e6
  console.log(
    `\n${of.name}: ${done} seeds, ${failed} violations, ${seconds.toFixed(1)} s, ${cpu.toFixed(1)} s of CPU, ${(done / cpu).toFixed(0)} seeds a CPU second`,
  )
  const counts = [...totals.counts].sort(([, a], [, b]) => b - a)
  for (const [what, count] of counts) console.log(`${String(count).padStart(10)}  ${what}`)
  return failed === 0 ? 0 : 1
}

function mutationCalled(of: Feature, name: string | undefined): Mutation {
  if (name === undefined) return { name: 'none', like: 'the protocol as it is' }
  const known = mutations[of.name] ?? []
  const found = known.find((candidate) => candidate.name === name)
  if (found === undefined)
    throw new Error(`--mutation must be one of: ${known.map((m) => m.name).join('; ')}`)
  return found
}
