import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import type { InstanceState } from '../events/snapshot.ts'
import type { InstanceSettings, Reports } from '../instances/messages.ts'
import { startMemoryInstance } from '../instances/memory-instance.ts'
import { startProcessInstance } from '../instances/process-instance.ts'
import type { ModelSettings } from '../model/model-settings.ts'
import type { Tell } from '../instances/telling.ts'
import type { Ground } from './ground.ts'
import type { HangfireDesk } from './hangfire-desk.ts'
import { inBackground } from './in-background.ts'
import { type Member, createMember } from './member.ts'
import { type Network, openNetwork, openRoad, together } from './network.ts'
import type { News } from './news.ts'
import type { OpenCalls } from './open-calls.ts'
import type { WorldSettings } from './options.ts'
import { localPort } from './world-redis.ts'

export interface MembersParts {
  readonly settings: WorldSettings
  readonly ground: Ground
  readonly folder: string
  readonly databasePath: string
  readonly workTree: string
  /** Undefined: no second reviewer. */
  readonly model: ModelSettings | undefined
  readonly news: News
  readonly openCalls: OpenCalls
  readonly onTold: Tell
  /** Undefined: the instances run no jobs of Hangfire. */
  readonly hangfire: Pick<HangfireDesk, 'serverOf' | 'open'> | undefined
  /** The process of that instance has ended. */
  readonly onGone: (instance: string, pid: number | null) => Promise<void>
}

type Make = Pick<InstanceState, 'name' | 'client' | 'framework'>

/** Different clients and frameworks work on the same jobs at the same time. */
const MIXTURE = [
  { client: 'ioredis', framework: 'fastify' },
  { client: 'node-redis', framework: 'nest' },
] as const

/** Starts all instances; `stack` ends them. */
export async function startMembers(
  parts: MembersParts,
  stack: AsyncDisposableStack,
): Promise<readonly Member[]> {
  const makes = makesOf(parts.settings)
  const members: Member[] = []
  stack.defer(async () => void (await Promise.all(members.map((member) => member.close()))))
  for (const make of makes) members.push(await memberOf(parts, make))
  await Promise.all(members.map((member) => member.start()))
  return members
}

function makesOf({ storage, instances, client, framework }: WorldSettings): readonly Make[] {
  if (storage === 'memory') {
    return [{ name: 'instance-1', client: 'memory', framework: framework ?? 'fastify' }]
  }
  return Array.from({ length: instances }, (_, index) => {
    const mixed = MIXTURE[index % MIXTURE.length] ?? MIXTURE[0]
    return {
      name: `instance-${index + 1}`,
      client: client ?? mixed.client,
      framework: framework ?? mixed.framework,
    }
  })
}

/** Cut together with the way to the demo's Redis, where that can be. */
async function networkTo(url: string): Promise<Network> {
  const port = localPort(url)
  return port === undefined ? openRoad(url) : await openNetwork(url, port)
}

async function memberOf(parts: MembersParts, make: Make): Promise<Member> {
  const { settings, ground, folder, databasePath, workTree, model, news, openCalls, onTold, onGone } = parts
  const { hangfire } = parts
  const { redis, memory } = ground
  const key = randomUUID()
  const reports: Reports = {
    onOutcome: () => undefined,
    askBank: async () => undefined,
    ...(hangfire === undefined ? {} : { openReview: hangfire.open }),
    onTold,
  }
  const { url = '', port } = redis ?? {}
  const network = port === undefined ? openRoad(url) : await openNetwork(url, port)
  const toHangfire = settings.hangfire && (await networkTo(settings.hangfire.url))
  const settingsFor = (redisUrl?: string): InstanceSettings => ({
    name: make.name,
    client: make.client,
    framework: make.framework,
    key,
    databasePath,
    logPath: join(folder, `${make.name}.jsonl`),
    leaseMs: settings.leaseMs,
    windowMs: settings.windowMs,
    paceMs: settings.paceMs,
    withHoldfast: true,
    tells: true,
    isCareless: true,
    workTree,
    ...(model === undefined ? {} : { model }),
    ...(settings.cleanUp === undefined ? {} : { cleanUp: settings.cleanUp }),
    ...(redisUrl === undefined ? {} : { redisUrl }),
    ...(hangfire === undefined || settings.hangfire === undefined || toHangfire === undefined
      ? {}
      : {
          hangfire: {
            url: toHangfire.url,
            prefix: settings.hangfire.prefix,
            server: hangfire.serverOf(make.name),
          },
        }),
  })
  return createMember({
    ...make,
    news,
    openCalls,
    network: toHangfire === undefined ? network : together(network, toHangfire),
    async launch(redisUrl) {
      const instance =
        memory === undefined
          ? await startProcessInstance(settingsFor(redisUrl), reports)
          : await startMemoryInstance(settingsFor(), memory, reports)
      const forgetting = instance.gone.then(() => onGone(make.name, instance.pid))
      inBackground(news, `What ${make.name} has left behind was not written down`, forgetting)
      return instance
    },
    restartAfterMs: settings.restartAfterMs,
  })
}
