/** Apps that serve the contract over our own storages, as targets. */
import { type Storage, memoryStorage } from '@holdfast/core'
import { jobKeyOf, jobTypeOf } from '@holdfast/http'
import { startAppProcess } from './app-process.ts'
import { behindFaultyRedis, spoilStrings } from './redis-faults.ts'
import type { RunnableTarget } from './run.ts'
import { type RedisStorageName, redisStorages } from './storages.ts'
import type { Capabilities, Instance } from './target.ts'

export { type OpenStorage, type RedisStorageName, redisStorages } from './storages.ts'

/** Serves the contract over this storage on a free local port. `callTimeoutMs` limits each call to the storage. */
export type ServeApp = (storage: Storage, callTimeoutMs: number) => Promise<Instance>

/** A reachable storage answers in the end, also on a busy machine. */
const PATIENT_MS = 60_000
/** Where the storage fails, the cases wait until the app notices. */
const IMPATIENT_MS = 4_000

/** The features of the framework, over every storage. */
export type FrameworkAbilities = Pick<
  Capabilities,
  'events' | 'openapi' | 'webResponse' | 'multipart' | 'compression'
>

const allAbilities: FrameworkAbilities = {
  events: true,
  openapi: true,
  webResponse: true,
  multipart: true,
  compression: true,
}

/** Over the memory storage, which nothing outside this process can see or disconnect. */
export async function memoryTarget(
  serve: ServeApp,
  abilities: FrameworkAbilities = allAbilities,
): Promise<RunnableTarget> {
  const storage = memoryStorage()
  return {
    ...abilities,
    dialect: 'holdfast',
    ...(await serve(storage, PATIENT_MS)),
    second: () => serve(storage, PATIENT_MS),
    spoil: (key) => spoil(storage, key),
    missing: {
      spawn: 'another process does not see this memory',
      faults: 'there is no connection that could fail',
    },
  }
}

export interface RedisTargetOptions {
  readonly client: RedisStorageName
  readonly redisUrl: string
  /** A program that calls {@link serveUntilTerminated}, and its arguments. The client's name is appended to them. */
  readonly program: readonly string[]
  /** Default: all. */
  readonly abilities?: FrameworkAbilities
}

/** Over Redis: with other instances, in separate processes, and with connections that fail on command. */
export async function redisTarget(
  serve: ServeApp,
  { client, redisUrl, program, abilities = allAbilities }: RedisTargetOptions,
): Promise<RunnableTarget> {
  const start = (url: string): Promise<Instance> => serveOverRedis(serve, client, url, PATIENT_MS)
  return {
    ...abilities,
    dialect: 'holdfast',
    ...(await start(redisUrl)),
    second: () => start(redisUrl),
    spoil: (key) => spoilStrings(redisUrl, `*:${idOf(key)}`),
    spawn: () =>
      startAppProcess({
        args: ['--conditions=@holdfast/source', ...program, client],
        env: { REDIS_URL: redisUrl },
      }),
    faults: () => behindFaultyRedis(redisUrl, (url) => serveOverRedis(serve, client, url, IMPATIENT_MS)),
  }
}

/** The child's side of `spawn`: serves the app over `REDIS_URL` with `CALL_TIMEOUT_MS`, until SIGTERM. */
export async function serveUntilTerminated(serve: ServeApp, client: RedisStorageName): Promise<void> {
  const { REDIS_URL = '', CALL_TIMEOUT_MS = PATIENT_MS } = process.env
  const app = await serveOverRedis(serve, client, REDIS_URL, Number(CALL_TIMEOUT_MS))
  process.once('SIGTERM', () => void app.close())
  console.log(`listening ${app.url}`)
}

async function serveOverRedis(
  serve: ServeApp,
  client: RedisStorageName,
  url: string,
  callTimeoutMs: number,
): Promise<Instance> {
  const { storage, end } = await redisStorages[client](url)
  await connected(storage)
  const app = await serve(storage, callTimeoutMs)
  return {
    url: app.url,
    async close() {
      await app.close()
      await end()
    },
  }
}

async function connected({ connection }: Storage): Promise<void> {
  if (connection.state === 'ready') return
  await new Promise<void>((resolve) => {
    const stop = connection.onChange((state) => {
      if (state !== 'ready') return
      stop()
      resolve()
    })
  })
}

const CHARGE = { method: 'POST', route: '/charge' } as const

/** The names of the Redis keys that hold the record of this key. */
function idOf(key: string): string {
  return jobKeyOf('kit', key, { ...CHARGE, url: CHARGE.route, headers: {}, body: undefined, hasBody: false })
}

/** Replaces the record of this key with text that is not JSON. */
async function spoil({ records }: Storage, key: string): Promise<void> {
  const name = { collection: `kit:${jobTypeOf(CHARGE)}`, id: idOf(key) }
  const { entry } = await records.read(name)
  if (entry === null) throw new Error(`nothing is stored for ${key}`)
  const write = { writeId: 'spoilt', value: '{', ttlMs: 600_000, notify: false }
  await records.put(name, entry.rev, write)
}
