import { join } from 'node:path'
import { memoryStorage } from '@holdfast/core'
import {
  type ConnectedInstance,
  type RunnableTarget,
  behindFaultyRedis,
  startAppProcess,
} from '@holdfast/http-kit'
import { type OpenStorage, type RedisStorageName, redisStorages } from '../../../fastify/test/kit/storages.ts'
import { kitApp } from './kit-app.ts'
import { type PlatformName, platforms } from './platforms.ts'

/** What Nest can do on both platforms, with every storage. */
const framework = {
  events: true,
  openapi: true,
  webResponse: true,
  multipart: true,
  compression: true,
} as const

export async function memoryTarget(platform: PlatformName): Promise<RunnableTarget> {
  const storage = memoryStorage()
  const start = () => serve(platform, { storage, end: async () => undefined })
  return {
    ...framework,
    ...(await start()),
    second: start,
    missing: {
      spawn: 'another process does not see this memory',
      faults: 'there is no connection that could fail',
    },
  }
}

export async function redisTarget(
  platform: PlatformName,
  name: RedisStorageName,
  redisUrl: string,
): Promise<RunnableTarget> {
  const start = async (url: string) => serve(platform, await redisStorages[name](url))
  return {
    ...framework,
    ...(await start(redisUrl)),
    second: () => start(redisUrl),
    spawn: () =>
      startAppProcess({
        args: ['--conditions=@holdfast/source', join(import.meta.dirname, 'kit-process.ts'), platform, name],
        env: { REDIS_URL: redisUrl },
      }),
    faults: () => behindFaultyRedis(redisUrl, start),
  }
}

export async function serve(platform: PlatformName, opened: OpenStorage): Promise<ConnectedInstance> {
  const { connection } = opened.storage
  const app = await kitApp(platforms[platform], opened.storage)
  await app.listen(0, '127.0.0.1')
  return {
    url: await app.getUrl(),
    async connected() {
      if (connection.state === 'ready') return
      await new Promise<void>((resolve) => {
        const stop = connection.onChange((state) => {
          if (state !== 'ready') return
          stop()
          resolve()
        })
      })
    },
    async close() {
      await app.close()
      await opened.end()
    },
  }
}
