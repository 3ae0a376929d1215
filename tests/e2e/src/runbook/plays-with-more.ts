import { ioredisStorage } from '@holdfast/redis-ioredis'
import { RedisCluster, RedisNode } from '@holdfast/test-support/servers'
import { Cluster } from 'ioredis'
import { expect } from 'vitest'
import { CLIP, begunInService } from './plays-of-jobs.ts'
import { finds } from './plays-of-findings.ts'
import { type ServerClock, serverClock } from './server-clock.ts'
import { type Play, type Stage, becomes } from './stage.ts'

/** A play that needs more than a server of the tests, or more time: `npm run runbook`. */
export interface PlayWithMore {
  /** The server of the stage, or why there is none here. Default: one as the other plays have. */
  readonly server?: () => Promise<RedisNode | string>
  readonly play: Play
}

/** Of the servers that have one, by their port. */
const clocks = new Map<number, ServerClock>()

async function withClock(): Promise<RedisNode | string> {
  const clock = await serverClock()
  if (clock === undefined) return 'there is no C compiler (cc) that could give a server its own clock'
  const node = await RedisNode.start({ binary: clock.binary })
  clocks.set(node.port, clock)
  return node
}

function clockOf({ node }: Stage): ServerClock {
  const clock = clocks.get(node.port)
  if (clock === undefined) throw new Error('the server has no clock that can be set')
  return clock
}

/** How a process lost its lease. */
async function reasonOf(signal: AbortSignal): Promise<unknown> {
  await becomes(() => signal.aborted)
  return (signal.reason as { readonly reason?: unknown }).reason
}

/** A cluster, and an app on it. */
async function openOnCluster(stage: Stage, cluster: RedisCluster) {
  const redis = new Cluster([...cluster.seeds])
  redis.on('error', () => {})
  const storage = ioredisStorage(redis)
  stage.atEnd(async () => {
    await storage.close()
    redis.disconnect()
  })
  return stage.open('web-1', { storage })
}

export const PLAYS_WITH_MORE: Readonly<Record<string, PlayWithMore>> = {
  CLOCK_DIFFERENCE: {
    server: withClock,
    async play(stage) {
      const holdfast = stage.open()
      await finds(holdfast)
      const ahead = async () => {
        const [seconds] = (await stage.run('redis-cli TIME')).split('\n')
        return Number(seconds) - Number(await stage.run('date'))
      }
      clockOf(stage).goAhead(3_600)
      await finds(holdfast, 'CLOCK_DIFFERENCE')
      expect(await ahead()).toBeGreaterThan(3_500)
      clockOf(stage).goAhead(0)
      await finds(holdfast)
      expect(await ahead()).toBeLessThan(100)
    },
  },
  MASTERS_CLOCK_DIFFERENCE: {
    server: withClock,
    async play(stage) {
      // The stage's server is only there for its program: its clock becomes that of one of three masters.
      const { binary, goAhead } = clockOf(stage)
      const cluster = await RedisCluster.start({ binaryOf: (index) => (index === 0 ? binary : undefined) })
      stage.atEnd(() => cluster.stop())
      const holdfast = await openOnCluster(stage, cluster)
      await finds(holdfast)
      goAhead(3)
      await finds(holdfast, 'MASTERS_CLOCK_DIFFERENCE')
      const others = await Promise.all(cluster.nodes.slice(1).map(async (node) => await node.ask('TIME')))
      const [first] = (await stage.run('TIME')).split('\n')
      for (const other of others) expect(Number(first) - Number((other as string[])[0])).toBeGreaterThan(1)
      goAhead(0)
      await finds(holdfast)
    },
  },
  HoldfastLeaseLost: {
    async play(stage) {
      const [one, two] = [stage.open('web-1'), stage.open('web-2')]
      const start = async (leaseMs: number) => {
        await one.idempotency.forget(...CLIP)
        return await begunInService(one, { leaseMs })
      }
      const forgotten = await start(3_000)
      await two.idempotency.forget(...CLIP)
      expect(await reasonOf(forgotten.signal)).toBe('forgotten')
      const revoked = await one.locks.acquire('stock:42')
      await two.locks.revoke('stock:42')
      expect(await reasonOf(revoked.signal)).toBe('revoked')
      const long = await one.locks.acquire('stock:43', { leaseMs: 1_000, maxHoldMs: 1_500 })
      expect(await reasonOf(long.signal)).toBe('maxHold')
      // Redis answers nobody for longer than the lease; the counters say what it was.
      const lost = await start(1_000)
      await stage.node.ask('CLIENT', 'PAUSE', 4_000, 'ALL')
      expect(await reasonOf(lost.signal)).toBe('outage')
      expect(await stage.run('commandstats')).toMatch(/^cmdstat_client\|pause:calls=1/m)
    },
  },
}
