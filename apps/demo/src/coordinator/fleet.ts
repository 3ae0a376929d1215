import { type Holdfast, type Storage, createHoldfast, memoryStorage } from '@holdfast/core'
import { RedisNotFoundError, findRedis, startRedis } from '@holdfast/test-support/redis'
import { RedisNode } from '@holdfast/test-support/servers'
import { connectStorage } from '../instances/connect.ts'
import type { Instance } from '../instances/instance.ts'
import { startMemoryInstance } from '../instances/memory-instance.ts'
import type { ClientName, InstanceSettings, Reports } from '../instances/messages.ts'
import { startProcesses } from '../instances/start-processes.ts'

/** The instances at work and the coordinator's own view of their jobs. */
export interface Fleet {
  readonly instances: readonly Instance[]
  /** Sees every execution, and runs none. Undefined: the control run, without Holdfast. */
  readonly observer: Holdfast | undefined
  /** A Redis that the demo may stop. */
  readonly redis: OwnRedis | undefined
  readonly description: string
  /** Where the state is kept, for people. */
  readonly storage: string
  /** All on memory storage; no instance can be killed alone. */
  readonly isOneProcess: boolean
  /** Ends everything that was started for it. */
  close(): Promise<void>
}

export interface OwnRedis {
  stop(): Promise<void>
  /** With the data that it had. */
  start(): Promise<void>
}

export interface FleetOptions {
  /** `none`: the control run, without Holdfast. */
  readonly storage: 'auto' | 'redis' | 'memory' | 'none'
  /** A Redis that the demo has not started is not stopped. */
  readonly needsOwnRedis: boolean
  readonly settings: Omit<InstanceSettings, 'name' | 'client' | 'redisUrl' | 'logPath'>
  readonly logPath: (instance: string) => string
  readonly reports: Reports
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
    const fleet = await start(options, stack)
    return { ...fleet, close: () => stack.disposeAsync() }
  } catch (error) {
    await stack.disposeAsync()
    throw error
  }
}

type StartedFleet = Omit<Fleet, 'close'>

async function start(options: FleetOptions, stack: AsyncDisposableStack): Promise<StartedFleet> {
  switch (options.storage) {
    case 'none':
      return await startUnguarded(options, stack)
    case 'memory':
      return await startInMemory(options, stack)
    case 'auto':
    case 'redis': {
      const provided = await provideRedis(options, stack)
      return provided === undefined
        ? await startInMemory(options, stack)
        : await startOnRedis(provided, options, stack)
    }
  }
}

interface ProvidedRedis {
  readonly url: string
  /** Undefined: it is that of REDIS_URL. */
  readonly own: OwnRedis | undefined
}

/** Undefined: there is no Redis, and none was demanded. */
async function provideRedis(
  { storage, needsOwnRedis, print }: FleetOptions,
  stack: AsyncDisposableStack,
): Promise<ProvidedRedis | undefined> {
  const slow = setTimeout(() => print('Fetching a Redis server …'), 1_000)
  try {
    const found = await findRedis()
    if (found.kind === 'running') {
      if (!needsOwnRedis) return { url: found.url, own: undefined }
      throw new RedisUnusableError(
        '--outage stops only a Redis that it has started, not that of REDIS_URL. Unset REDIS_URL.',
      )
    }
    const { binary } = found
    if (!needsOwnRedis) {
      const redis = await startRedis({ binary })
      stack.defer(() => redis.stop())
      return { url: redis.url, own: undefined }
    }
    const node = await RedisNode.start({ binary, durable: true })
    stack.defer(() => node.stop())
    return { url: node.url, own: { stop: () => node.kill(), start: () => node.restart() } }
  } catch (error) {
    if (!(error instanceof RedisNotFoundError) || storage === 'redis') throw error
    print(`${error.message}\n`)
    return undefined
  } finally {
    clearTimeout(slow)
  }
}

async function startOnRedis(
  { url, own }: ProvidedRedis,
  options: FleetOptions,
  stack: AsyncDisposableStack,
): Promise<StartedFleet> {
  const shown = withoutPassword(url)
  const isUsers = url === process.env['REDIS_URL']
  const connected = await connectStorage('ioredis', url).catch((cause: unknown) => {
    const advice = isUsers ? ' Unset REDIS_URL, and the demo starts a Redis for itself.' : ''
    const whose = isUsers ? 'The Redis of REDIS_URL' : 'The Redis that was started'
    throw new RedisUnusableError(`${whose}, ${shown}, cannot be used: ${reasonOf(cause)}.${advice}`, {
      cause,
    })
  })
  stack.defer(() => connected.close())
  const observer = observe(connected.storage, stack)
  const instances = await startAll(options, stack, url)
  const [one, two, three] = instances.map(({ name, client }) => `${name} (${client})`)
  return {
    instances,
    observer,
    redis: own,
    description: [one, two, three].join(', '),
    storage: `Redis at ${shown}, ${isUsers ? 'from REDIS_URL' : 'started for this demo'}`,
    isOneProcess: false,
  }
}

async function startUnguarded(options: FleetOptions, stack: AsyncDisposableStack): Promise<StartedFleet> {
  const instances = await startAll(options, stack)
  return {
    instances,
    observer: undefined,
    redis: undefined,
    description: instances.map(({ name }) => name).join(', '),
    storage: 'none: no Holdfast, no Redis',
    isOneProcess: false,
  }
}

function startAll(
  options: FleetOptions,
  stack: AsyncDisposableStack,
  url?: string,
): Promise<readonly Instance[]> {
  const all = CLIENTS.map((client, index) => settingsOf(options, client, index, url))
  return startProcesses(all, options.reports, stack)
}

async function startInMemory(options: FleetOptions, stack: AsyncDisposableStack): Promise<StartedFleet> {
  const storage = memoryStorage()
  stack.defer(() => storage.close())
  const observer = observe(storage, stack)
  const instances = await Promise.all(
    CLIENTS.map((_, index) =>
      startMemoryInstance(settingsOf(options, 'memory', index), storage, options.reports),
    ),
  )
  stack.defer(async () => void (await Promise.all(instances.map((instance) => instance.close()))))
  return {
    instances,
    observer,
    redis: undefined,
    description: `${instances.map(({ name }) => name).join(', ')}, all in this one process`,
    storage: 'the memory of this process, without Redis',
    isOneProcess: true,
  }
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
  return url.replaceAll(/\/\/[^@/]*@/g, '//…@').replaceAll(',', ', ')
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
