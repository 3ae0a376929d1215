import type { Storage } from '@holdfast/core'
import type { Instance } from '@holdfast/http-kit'
import type { FastifyInstance } from 'fastify'
import { kitApp } from './kit-app.ts'

export async function serve(
  storage: Storage,
  makeApp: (storage: Storage) => Promise<FastifyInstance> = kitApp,
): Promise<Instance> {
  const app = await makeApp(storage)
  const url = await app.listen({ host: '127.0.0.1', port: 0 })
  return { url, close: async () => app.close() }
}
