import { chosen, numberFrom, readFlags, refuse } from '@holdfast/test-support/command'
import {
  type Feature,
  type SimulationOptions,
  Totals,
  cacheFeature,
  drawTimeLine,
  idempotencyFeature,
  locksFeature,
  nearFeature,
  search,
  shrink,
  simulate,
} from '../../src/testing/simulator/index.ts'
import { type Mutation, mutations, withMutation } from './mutations/index.ts'
import { noteShownBy } from './mutations/shown-by.ts'

const features: readonly Feature[] = [idempotencyFeature, locksFeature, cacheFeature, nearFeature]
const usage = `
npm run sim -- [options]

Simulates histories of the shipped core over a faulty transport, under a seeded scheduler and virtual time. Exits with 1
when one violates a guarantee, and prints its seed.

  --feature NAME    ${features.map(({ name }) => name).join(', ')} (default idempotency)
  --seeds N         how many (default 1000)
  --first N         the first seed (default 1)
  --minutes N       go on for that long instead
  --seed N          replay this one, shrink it if it fails, and draw it
  --mutation NAME   break the protocol first; a wrong NAME lists those of the feature
  --mutations       break the protocol in every way, and note the seeds that show it, where \`npm test\` begins
`
const flags = readFlags(usage, {
  feature: 'string',
  seeds: 'string',
  first: 'string',
  minutes: 'string',
  seed: 'string',
  mutation: 'string',
  mutations: 'boolean',
})
const seeds = numberFrom('seeds', flags.seeds, { min: 1 }) ?? 1_000
const first = numberFrom('first', flags.first, { min: 0 }) ?? 1
const minutes = numberFrom('minutes', flags.minutes, { min: 0, integer: false })
const onlySeed = numberFrom('seed', flags.seed, { min: 0 })
const names = chosen(
  'feature',
  flags.feature ?? idempotencyFeature.name,
  features.map(({ name }) => name),
)
const feature = features.find(({ name }) => name === names[0]) ?? idempotencyFeature
const mutation = mutationCalled(feature, flags.mutation)
process.exitCode =
  flags.mutations === true
    ? await noteShownBy(features)
    : await withMutation(mutation, (options) =>
        onlySeed === undefined ? searchFrom(feature, options) : replay(feature, options, onlySeed),
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
  const most = minutes === undefined ? seeds : Infinity
  const until = startedAt + (minutes ?? Infinity) * 60_000
  let done = 0
  let failed = 0
  while (done < most && failed < 10 && performance.now() < until) {
    const result = await search(of, {
      ...options,
      firstSeed: first + done,
      seeds: Math.min(500, most - done),
    })
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
  return (
    found ?? refuse(`--mutation takes one of ${known.map((m) => `'${m.name}'`).join(', ')}, not '${name}'`)
  )
}
