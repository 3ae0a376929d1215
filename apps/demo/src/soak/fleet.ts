import { join } from 'node:path'
import type { Replicated } from '@holdfast/test-support/servers'
import type { FaultProxy } from '@holdfast/test-support/proxy'
import type { Instance } from '../instances/instance.ts'
import { startProcessInstance } from '../instances/process-instance.ts'
import { type Member, createMember } from '../live/member.ts'
import { networkThrough } from '../live/network.ts'
import { createNews } from '../live/news.ts'
import { createOpenCalls } from '../live/open-calls.ts'
import { BEFORE, type SoakInstanceSettings } from './instance/settings.ts'
import type { Version } from './kept-version.ts'
import type { SoakRows } from './tables/soak-rows.ts'

/** An owner that falls silent is waited for this long. */
const LEASE_MS = 5_000

/** What is asked to end may take so long; a machine that has much else to do needs some of it. */
const CLOSE_MS = 20_000

/** An orchestrator starts what is gone again. */
const RESTART_MS = 1_000

/** A place in the fleet, and what may happen to it. */
export interface Place {
  readonly member: Member
  readonly proxy: FaultProxy
  /** The version of the next instance here. */
  version: Version
  /** It was asked to crash: its end is no surprise. */
  mayCrash: boolean
  /** Something happens to it, before which nothing else does. */
  readonly isBusy: boolean
  alone(work: () => Promise<void>): Promise<void>
}

export interface FleetParts {
  readonly redis: Replicated
  readonly instances: number
  readonly version: Version
  readonly folder: string
  readonly databasePath: string
  readonly workTree: string
  readonly withKeys: boolean
  readonly paceMs: number
  readonly rows: SoakRows
}

/** Both clients with both frameworks work on the same jobs at the same time. */
const MIXTURE = [
  { client: 'ioredis', framework: 'fastify' },
  { client: 'node-redis', framework: 'nest' },
  { client: 'ioredis', framework: 'nest' },
  { client: 'node-redis', framework: 'fastify' },
] as const

/** Starts all instances; `stack` ends them. */
export async function startFleet(parts: FleetParts, stack: AsyncDisposableStack): Promise<readonly Place[]> {
  const news = createNews()
  const openCalls = createOpenCalls(news)
  const places: Place[] = []
  stack.defer(async () => void (await Promise.all(places.map(({ member }) => member.close()))))
  news.note((event) => {
    if (event.type !== 'instance.exited') return
    const place = places.find(({ member }) => member.name === event.instance)
    const { rows } = parts
    if (place?.mayCrash === true && event.reason.includes('SIGKILL'))
      rows.fault('crash', event.instance, event.at)
    else rows.crashed(event.instance, event.reason)
    if (place !== undefined) place.mayCrash = false
  })
  for (let index = 0; index < parts.instances; index += 1) {
    const make = MIXTURE[index % MIXTURE.length] ?? MIXTURE[0]
    const name = `instance-${index + 1}`
    const proxy = await parts.redis.anotherEndpoint()
    const member: Member = createMember({
      ...make,
      name,
      news,
      openCalls,
      network: networkThrough(proxy, proxy.url),
      launch: (redisUrl) => {
        place.mayCrash = false
        return launch(parts, place.version, { ...make, name, redisUrl })
      },
      restartAfterMs: RESTART_MS,
    })
    let last = Promise.resolve()
    let waiting = 0
    const place: Place = {
      member,
      proxy,
      version: parts.version,
      mayCrash: false,
      get isBusy() {
        return waiting > 0
      },
      alone(work) {
        waiting += 1
        return (last = last.then(work, work).finally(() => (waiting -= 1)))
      },
    }
    places.push(place)
  }
  await Promise.all(places.map(({ member }) => member.start()))
  return places
}

type Make = Pick<SoakInstanceSettings, 'name' | 'client' | 'framework' | 'redisUrl'>

async function launch(parts: FleetParts, version: Version, { framework, ...make }: Make): Promise<Instance> {
  const { folder, databasePath, workTree, withKeys, paceMs, rows } = parts
  const settings: SoakInstanceSettings = {
    ...make,
    name: version.isPresent ? make.name : `${make.name}${BEFORE}`,
    ...(version.isPresent && framework !== undefined ? { framework } : {}),
    databasePath,
    logPath: join(folder, `${make.name}.jsonl`),
    leaseMs: LEASE_MS,
    paceMs,
    withHoldfast: true,
    isCareless: true,
    workTree,
    withKeys,
  }
  const reports = { onOutcome: () => undefined, askBank: async () => undefined }
  const instance = await startProcessInstance(settings, reports, { ...version.program, closeMs: CLOSE_MS })
  return {
    ...instance,
    async close() {
      const askedAt = performance.now()
      await instance.close()
      rows.closed(make.name, performance.now() - askedAt, CLOSE_MS)
    },
  }
}
