import { type Holdfast, type Storage, createHoldfast, memoryStorage } from '@holdfast/core'
import { RedisNotFoundError, findRedis, startRedis } from '@holdfast/test-support/redis'
import { connectStorage } from '../instances/connect.ts'
import type { Instance } from '../instances/instance.ts'
import { startMemoryInstance } from '../instances/memory-instance.ts'
import type { CallOutcome, ClientName, InstanceSettings } from '../instances/messages.ts'
import { startProcessInstance } from '../instances/process-instance.ts'

/** The instances at work and the coordinator's own view of their jobs. */
export interface Fleet {
  readonly instances: readonly Instance[]
  /** Sees every execution; runs none. */
  readonly observer: Holdfast
  readonly description: string
  /** All on memory storage; no instance can be killed alone. */
  readonly isOneProcess: boolean
  /** Ends everything that was started for it. */
  close(): Promise<void>
}

export interface FleetOptions {
  readonly storage: 'auto' | 'redis' | 'memory'
  readonly settings: Omit<InstanceSettings, 'name' | 'client' | 'redisUrl' | 'logPath'>
  readonly logPath: (instance: string) => string
  readonly onOutcome: (outcome: CallOutcome) => void
  readonly print: (line: string) => void
}

const CLIENTS: readonly Exclude<ClientName, 'memory'>[] = ['ioredis', 'ioredis', 'node-redis']

/** Redis cannot be used as asked; the message is for the person who asked. */
class RedisUnusableError extends Error {
  readonly code = 'REDIS_UNUSABLE'
}

export async function startFleet(options: FleetOptions): Promise<Fleet> {
  const stack = new AsyncDisposableStack()
  try {
    const url = options.storage === 'memory' ? undefined : await provideUrl(options, stack)
    const fleet = await (url === undefined
      ? startInMemory(options, stack)
      : startOnRedis(url, options, stack))
    return { ...fleet, close: () => stack.disposeAsync() }
  } catch (error) {
    await stack.disposeAsync()
    throw error
  }
}

/** Undefined: there is no Redis, and none was demanded. */
async function provideUrl(
  { storage, print }: FleetOptions,
  stack: AsyncDisposableStack,
): Promise<string | undefined> {
  const slow = setTimeout(() => print('Fetching a Redis server …'), 1_000)
  try {
    const found = await findRedis()
    if (found.kind === 'running') return found.url
    const redis = await startRedis({ binary: found.binary })
    stack.defer(() => redis.stop())
    return redis.url
  } catch (error) {
    if (!(error instanceof RedisNotFoundError) || storage === 'redis') throw error
    print(`${error.message}\n`)
    return undefined
  } finally {
    clearTimeout(slow)
  }
}

type StartedFleet = Omit<Fleet, 'close'>

async function startOnRedis(
  url: string,
  options: FleetOptions,
  stack: AsyncDisposableStack,
): Promise<StartedFleet> {
  const connected = await connectStorage('ioredis', url).catch((cause: unknown) => {
    throw new RedisUnusableError(`${withoutPassword(url)} cannot be used: ${reasonOf(cause)}`, { cause })
  })
  stack.defer(() => connected.close())
  const observer = observe(connected.storage, stack)
  const starting = CLIENTS.map((client, index) => {
    const settings = settingsOf(options, client, index, url)
    return startProcessInstance(settings, options.onOutcome)
  })
  const started = await Promise.allSettled(starting)
  const instances = started.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []))
  stack.defer(async () => void (await Promise.all(instances.map((instance) => instance.close()))))
  const failed = started.find((result) => result.status === 'rejected')
  if (failed !== undefined) throw failed.reason
  const description = `Redis at ${withoutPassword(url)}: three instances, each a separate process`
  return { instances, observer, description, isOneProcess: false }
}

async function startInMemory(options: FleetOptions, stack: AsyncDisposableStack): Promise<StartedFleet> {
  const storage = memoryStorage()
  stack.defer(() => storage.close())
  const observer = observe(storage, stack)
  const instances = await Promise.all(
    CLIENTS.map((_, index) =>
      startMemoryInstance(settingsOf(options, 'memory', index), storage, options.onOutcome),
    ),
  )
  stack.defer(async () => void (await Promise.all(instances.map((instance) => instance.close()))))
  const description = 'memory storage, without Redis: three instances in this one process'
  return { instances, observer, description, isOneProcess: true }
}

function observe(storage: Storage, stack: AsyncDisposableStack): Holdfast {
  const observer = createHoldfast({ storage, prefix: 'AIReview', instance: 'coordinator' })
  stack.defer(() => observer.close())
  return observer
}

function settingsOf(
  { settings, logPath }: FleetOptions,
  client: ClientName,
  index: number,
  redisUrl?: string,
): InstanceSettings {
  const name = `instance-${index + 1}`
  return {
    ...settings,
    name,
    client,
    logPath: logPath(name),
    ...(redisUrl === undefined ? {} : { redisUrl }),
  }
}

function withoutPassword(url: string): string {
  return url.replace(/\/\/[^@/]*@/, '//…@')
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
