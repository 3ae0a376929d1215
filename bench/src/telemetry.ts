/**
 * What telemetry costs: `npm run bench -- telemetry [--rounds 7] [--only memory,redis]`.
 *
 * The same operations in processes that differ in their bridge only: not imported (twice, which shows the noise), imported
 * but not started, and each of them started. Figures are processor time of the whole process for one operation, as a ratio
 * to the process without it in the same round. In memory an operation takes microseconds, so that is the worst case;
 * beside a real server it is what a service sees.
 */
import { parseArgs } from 'node:util'
import { startRedis } from '@holdfast/test-support/redis'
import { ContenderProcess, inTurns, median, spread, table } from './harness.ts'
import type { TelemetryTask } from './telemetry-worker.ts'

const { values } = parseArgs({
  options: { rounds: { type: 'string', default: '7' }, only: { type: 'string', default: 'memory,redis' } },
})
const rounds = Number(values.rounds)
const NONE = 'not imported'
const names = [NONE, `${NONE} (again)`, 'imported', 'prometheus', 'opentelemetry', 'pino']
const OPERATIONS = ['job', 'lock', 'hit'] as const

const redis = await startRedis()
const script = new URL('./telemetry-worker.ts', import.meta.url)
const processes = await Promise.all(names.map((name) => ContenderProcess.start(script, name, redis.url)))

for (const storage of values.only.split(',') as TelemetryTask['storage'][]) {
  const count = storage === 'memory' ? 5_000 : 1_000
  const cells = new Map(names.map((name) => [name, [] as string[]]))
  for (const operation of OPERATIONS) {
    const results = await inTurns<number>(processes, rounds, { operation, storage, count })
    const none = results.get(NONE) ?? []
    for (const [name, micros] of results) {
      const ratio = spread(micros.map((each, round) => each / (none[round] ?? Number.NaN)))
      cells.get(name)?.push(median(micros).toFixed(1), ratio)
    }
  }
  table(`${storage}: processor time of one operation, µs, and × ${NONE}`, [
    ['', ...OPERATIONS.flatMap((operation) => [operation, '×'])],
    ...[...cells].map(([name, row]) => [name, ...row]),
  ])
}

await Promise.all(processes.map((each) => each.close()))
await redis.stop()
