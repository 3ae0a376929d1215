import { join } from 'node:path'
import type { Storage } from '@holdfast/core'
import {
  type ConnectedInstance,
  type RunnableTarget,
  behindFaultyRedis,
  startAppProcess,
} from '@holdfast/http-kit'
import type { FastifyInstance } from 'fastify'
import { kitApp } from './kit-app.ts'
import { type OpenStorage, type RedisStorageName, memory, redisStorages } from './storages.ts'

/** What Fastify can do, with every storage. */
const framework = {
  events: true,
  openapi: true,
  webResponse: true,
  multipart: true,
  compression: true,
} as const

export async function memoryTarget(
  makeApp: (storage: Storage) => Promise<FastifyInstance> = kitApp,
  abilities: Partial<typeof framework> = framework,
): Promise<RunnableTarget> {
  const { storage } = await memory()
  const start = (): Promise<ConnectedInstance> => serve({ storage, end: async () => undefined }, makeApp)
  return {
    ...abilities,
    ...(await start()),
    second: start,
    missing: {
      spawn: 'another process does not see this memory',
      faults: 'there is no connection that could fail',
    },
  }
}

export async function redisTarget(name: RedisStorageName, redisUrl: string): Promise<RunnableTarget> {
  const start = async (url: string): Promise<ConnectedInstance> => serve(await redisStorages[name](url))
  return {
    ...framework,
    ...(await start(redisUrl)),
    second: () => start(redisUrl),
    spawn: () =>
      startAppProcess({
        args: ['--conditions=@holdfast/source', join(import.meta.dirname, 'kit-process.ts'), name],
        env: { REDIS_URL: redisUrl },
      }),
    faults: () => behindFaultyRedis(redisUrl, start),
  }
}

export async function serve(
  opened: OpenStorage,
  makeApp: (storage: Storage) => Promise<FastifyInstance> = kitApp,
): Promise<ConnectedInstance> {
  const app = await makeApp(opened.storage)
  const url = await app.listen({ host: '127.0.0.1', port: 0 })
  return {
    url,
    async connected() {
      const { connection } = app.holdfast
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
