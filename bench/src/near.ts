/**
 * The near cache beside a read of Redis, and beside what peers keep in the process: `npm run bench -- near [--rounds 7]
 * [--only hits,first,invalidation,heap,cpu,load,faults,server,commands,ratio,old] [--quick]`. Raw is GET and JSON.parse on the same client, one at a time, of 740 bytes.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { startRedis } from '@holdfast/test-support/redis'
import { besideRaw } from './beside-raw.ts'
import { spread, table } from './harness.ts'
import { nearContenders } from './near-contenders.ts'
import {
  answersInFaults,
  cpuOfInvalidations,
  invalidationsOneByOne,
  invalidationsUnderLoad,
} from './near-followers.ts'
import { hitRatio } from './near-ratio.ts'
import { connectionsAndCommands, serverCosts } from './near-server.ts'
import type { NearTask } from './near-worker.ts'

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '7' },
    only: {
      type: 'string',
      default: 'hits,first,invalidation,heap,cpu,load,faults,server,commands,ratio,old',
    },
    quick: { type: 'boolean', default: false },
  },
})
const rounds = Number(values.rounds)
const wanted = new Set(values.only.split(','))
const names = Object.keys(nearContenders).filter((name) => !values.quick || /^(raw|holdfast)/.test(name))
const ours = names.filter((name) => name.startsWith('holdfast'))

const redis = await startRedis()
const { start, latency } = besideRaw<NearTask>({
  script: new URL('./near-worker.ts', import.meta.url),
  names,
  onNodeRedis: ['holdfast redis', 'raw redis', 'redis, client-side cache'],
  rounds,
  url: redis.url,
  digits: 2,
})

try {
  if (wanted.has('hits')) {
    for (const [title, by] of [
      ['get, a copy for each', 'get'],
      ['getOrCreate, a copy for each', 'getOrCreate'],
      ['get, copy: false', 'getShared'],
      ['peek, a copy for each', 'peek'],
      ['peek, copy: false', 'peekShared'],
    ] as const)
      await latency(`A near hit by ${title}: p50`, { run: 'hit', by, count: 300 })
  }
  if (wanted.has('first'))
    await latency('The first read of a key, beside the same without near (raw µs): p50', {
      run: 'first',
      count: 1_000,
    })
  if (wanted.has('invalidation')) await invalidationsOneByOne(ours, redis.url, rounds)
  if (wanted.has('heap')) {
    table('Heap of an entry of 286 characters', [
      ['', 'bytes'],
      ...(await inOrder(ours, async (name) => {
        const bytes: number[] = []
        for (let round = 0; round < rounds; round += 1) {
          const worker = await start(name)
          bytes.push(await worker.run<number>({ run: 'heap', entries: 10_000 }))
          await worker.close()
        }
        return [name, spread(bytes)]
      })),
    ])
  }
  if (wanted.has('cpu')) await cpuOfInvalidations(ours, redis.url, rounds)
  if (wanted.has('load')) await invalidationsUnderLoad(ours, redis.url, rounds)
  if (wanted.has('faults')) await answersInFaults(ours, redis.url)
  if (wanted.has('server')) await serverCosts(rounds)
  if (wanted.has('commands')) await connectionsAndCommands()
  if (wanted.has('ratio')) await hitRatio()
  if (wanted.has('old')) await oldWithoutFaults()
} finally {
  await redis.stop()
}

async function inOrder<T>(all: readonly string[], each: (name: string) => Promise<T>): Promise<T[]> {
  const results: T[] = []
  for (const name of all) results.push(await each(name))
  return results
}

/** How many hits are old at 900 writes a second, when nothing fails: the judge of the torture knows. */
async function oldWithoutFaults(): Promise<void> {
  console.log('\nHits that were old at 900 writes a second, without faults')
  const torture = fileURLToPath(new URL('../../tests/chaos/src/near/main.ts', import.meta.url))
  const args = [
    '--conditions=@holdfast/source',
    '--no-warnings',
    torture,
    '--faults',
    'none',
    '--minutes',
    '1',
  ]
  await once(spawn(process.execPath, args, { stdio: 'inherit' }), 'exit')
}
