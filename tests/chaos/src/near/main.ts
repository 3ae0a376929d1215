import { setTimeout as delay } from 'node:timers/promises'
import { createHoldfast } from '@holdfast/core'
import { redisStorage } from '@holdfast/redis-protocol'
import { between, seeded } from '@holdfast/test-support/chaos'
import { chosen, endOnSignals, numberFrom, readFlags } from '@holdfast/test-support/command'
import { RedisNode } from '@holdfast/test-support/servers'
import { clients } from './clients.ts'
import { controlNames } from './controls.ts'
import { faultNames, faults } from './faults.ts'
import { Judge } from './judge.ts'
import { now } from './now.ts'
import { Reader } from './readers.ts'

const usage = `
npm run torture -- [options]

Four processes, one a client, read with near copies what one more writes, while links and connections are killed, links are
black-holed, processes are stopped and the server is frozen. What each read returned is compared with what was acknowledged when
it began: nothing may be older than maxStaleMs, and nothing old when writes have stopped. Exits with 1 when something was.

  --minutes N        how long (default 10)
  --seed N           (default: the clock's)
  --faults A,B,…     only these of: ${faultNames.join(', ')}; or none
  --max-stale-ms N   (default 1000)
  --control WORD     breaks it on purpose, which must be found out: ${controlNames.join(', ')}
`
const flags = readFlags(usage, {
  minutes: 'string',
  seed: 'string',
  faults: 'string',
  'max-stale-ms': 'string',
  control: 'string',
})
const minutes = numberFrom('minutes', flags.minutes, { min: 0, integer: false }) ?? 10
const seed = numberFrom('seed', flags.seed, { min: 0 }) ?? Date.now() % 1_000_000
const maxStaleMs = numberFrom('max-stale-ms', flags['max-stale-ms'], { min: 100 }) ?? 1_000
const [control] = flags.control === undefined ? [] : chosen('control', flags.control, controlNames)
const names = flags.faults === 'none' ? [] : chosen('faults', flags.faults, faultNames)
endOnSignals()

const KEYS = 40
/** A round: faults, then quiet. */
const ROUND_MS = 15_000

const random = seeded(seed)
const node = await RedisNode.start()
const judge = new Judge()
const written = Array.from({ length: KEYS }, () => 0)
const connect = clients['ioredis 6']
if (connect === undefined) throw new Error('there is no client to write with')
const storage = redisStorage(await connect(node.port))
const { cache } = createHoldfast({ storage, prefix: 'torture', callTimeoutMs: 10_000 })

/** Each key is written by one call at a time, so the numbers of a key are acknowledged in order. */
async function write(key: number): Promise<void> {
  const number = (written[key] = (written[key] ?? 0) + 1)
  try {
    await cache.set(String(key), number, { ttlMs: 600_000 })
    judge.acknowledged(key, number, now())
  } catch {
    // It may have been written or not. A higher number follows.
  }
}

async function writeUntil(isOver: () => boolean, key: number): Promise<void> {
  while (!isOver()) {
    await write(key)
    await delay(KEYS)
  }
}

for (let key = 0; key < KEYS; key += 1) await write(key)
const readers = await Promise.all(
  Object.keys(clients).map((client) =>
    Reader.start(node, { client, keys: KEYS, maxStaleMs, control }, judge),
  ),
)
const world = { node, readers, random }
const problems: string[] = []
const endsAt = now() + minutes * 60_000
const done = new Map<string, number>()
do {
  const roundEndsAt = Math.min(endsAt, now() + ROUND_MS)
  let isQuiet = false
  const writing = Array.from({ length: KEYS }, (_, key) => writeUntil(() => isQuiet, key))
  while (now() < roundEndsAt) {
    const name = names[between(random, 0, names.length - 1)]
    if (name !== undefined) {
      await faults[name](world).catch((error: unknown) => console.error(`${name}: ${String(error)}`))
      done.set(name, (done.get(name) ?? 0) + 1)
    }
    await delay(between(random, 100, 1_000))
  }
  isQuiet = true
  await Promise.all(writing)
  for (let key = 0; key < KEYS; key += 1) await write(key)
  // Messages on their way arrive, and links that were lost are up again.
  await delay(2 * maxStaleMs)
  for (const reader of readers) {
    const { numbers, live } = await reader.readAll()
    const old = numbers.flatMap((number, key) => (number === judge.last(key) ? [] : [key]))
    if (old.length > 0) problems.push(`${reader.client}: ${old.length} keys are old when all is quiet`)
    if (!live && control === undefined)
      problems.push(`${reader.client}: its link is not up again when all is quiet`)
  }
} while (now() < endsAt)

const { old, p50, p99, max } = judge.report
const ms = (age: number): string => `${age.toFixed(1)} ms`
if (max > maxStaleMs) problems.push(`a read was ${ms(max)} old, and maxStaleMs is ${maxStaleMs}`)
console.log(`seed ${seed}; ${[...done].map(([name, times]) => `${name}: ${times}`).join('; ')}`)
const percent = ((100 * old) / Math.max(1, judge.reads)).toFixed(2)
console.log(
  `${judge.reads} reads, ${percent} % of them old: p50 ${ms(p50)}, p99 ${ms(p99)}, at most ${ms(max)}`,
)
for (const { client, nearHits, failed } of readers) {
  console.log(`${client}: ${nearHits} near hits, ${failed} reads failed`)
  if (nearHits === 0) problems.push(`${client}: nothing was read from near copies`)
}
for (const problem of new Set(problems)) console.log(`BROKEN  ${problem}`)
console.log(problems.length === 0 ? 'nothing was broken' : `${problems.length} times something was broken`)
await Promise.all(readers.map((reader) => reader.end()))
await storage.close()
await node.stop()
process.exit(problems.length === 0 ? 0 : 1)
