import { startRedis } from '@holdfast/test-support/redis'
import { afterAll, describe, expect, it } from 'vitest'
import { PREFIX } from '../dumps.ts'
import { type MonitoredCommand, transcripts } from '../transcripts.ts'
import { captured } from './captured.ts'
import type { QueueAttribute } from './dotnet-jobs.ts'
import { DotnetPeer, generations } from './dotnet-peer.ts'
import { type Life, lineOf, livesOf, splitByLock, unitsOf } from './lives.ts'
import { relive } from './relive.ts'

const redis = await startRedis()
afterAll(() => redis.stop())

/** A recurring job is created otherwise, and in that one two workers ran the same job: their order was chance. */
const isRelived = (scenario: string, life: Life): boolean =>
  scenario !== '1.12.0/stopped' && !life.units[0]?.some((line) => line.includes('RecurringJobId'))

const transcriptsOf = (generation: string) =>
  transcripts.filter(({ name }) => name.startsWith(`${generation}/`))

/** Of the program of the transcripts. */
const queueAttribute: QueueAttribute = ({ Type = '', Method }) => {
  if (Method === 'Critical') return 'critical'
  return Type.startsWith('Acme.Reviews.INodeQueueJobs') ? 'node' : undefined
}

/** As the program of the transcripts created it. */
const sleep = {
  CurrentCulture: '""',
  Type: 'Acme.Reviews.AiReviewJobs, Acme.Reviews',
  Method: 'Sleep',
  ParameterTypes: '["System.Int32","System.Threading.CancellationToken, mscorlib"]',
  Arguments: '["600000",null]',
}

describe.for(generations)('the scripted peer of %s', (generation) => {
  const recorded = transcriptsOf(generation).map(({ name, commands }) => {
    const scenario = name.replace('.180-simple.monitor.txt', '')
    const lives = livesOf(commands, PREFIX).filter((life) => isRelived(scenario, life))
    return [scenario, lives] as const
  })

  it.for(recorded.filter(([, lives]) => lives.length > 0))(
    'sends for each job of %s what was recorded',
    async ([, lives]) => {
      const [client, server, next] = ['client', 'dotnet', 'next'].map(
        (name) => new DotnetPeer(redis.url, generation, { name, queueAttribute }),
      ) as [DotnetPeer, DotnetPeer, DotnetPeer]
      await client.process.redis.flushall()
      let ids: ReadonlyMap<string, string> = new Map()
      const commands = await captured(redis.url, async () => {
        ids = await relive(lives, { client, server, next })
      })
      const sent = new Map(livesOf(commands, PREFIX).map((life) => [life.id, life]))
      for (const life of lives) {
        const [expected, actual] = [life.units, sent.get(ids.get(life.id) ?? '')?.units ?? []].map(
          splitByLock,
        )
        expect(actual?.rest).toEqual(expected?.rest)
        expect(actual?.lock).toEqual(expected?.lock)
      }
      for (const peer of [client, server, next]) peer[Symbol.dispose]()
    },
  )

  it('sends as a server, as schedulers and for locks what was recorded', async () => {
    const shapes = (commands: readonly MonitoredCommand[]): ReadonlySet<string> =>
      new Set(unitsOf(commands).map((unit) => unit.map((command) => lineOf(command, PREFIX)).join('\n')))
    const seen = shapes(transcriptsOf(generation).flatMap(({ commands }) => commands))
    using peer = new DotnetPeer(redis.url, generation)
    await peer.process.redis.flushall()
    const sent = shapes(
      await captured(redis.url, async () => {
        await peer.server.announce(['default'])
        await peer.server.heartbeat()
        await peer.jobs.enqueue({ fields: sleep })
        const job = await peer.server.fetch(['default'])
        if (job !== undefined) await peer.server.start(job)
        expect(await peer.schedulers.watchFetched()).toEqual([])
        await peer.schedulers.pollSchedule()
        await peer.schedulers.pollRecurring()
        await peer.schedulers.removeTimedOutServers(60_000)
        expect(await peer.acquire('my lock', 0)).toBe(true)
        expect(await peer.extend('my lock')).toBe(true)
        expect(await peer.release('my lock')).toBe(true)
        await peer.schedulers.removeTimedOutServers(-1)
        const requeued = await peer.schedulers.watchFetched({ invisibilityMs: -1 })
        expect(requeued).toEqual([job?.id])
      }),
    )
    const unseen = [...sent].filter((unit) => !seen.has(unit))
    expect(unseen).toEqual([])
    expect(sent.size).toBeGreaterThan(25)
  })
})
