import type { Storage } from '@holdfast/core'
import type { Instance } from '@holdfast/test-http-conformance'
import { kitApp } from './kit-app.ts'

export async function serve(
  storage: Storage,
  callTimeoutMs: number,
  makeApp: typeof kitApp = kitApp,
): Promise<Instance> {
  const app = await makeApp(storage, callTimeoutMs)
  const url = await app.listen({ host: '127.0.0.1', port: 0 })
  return { url, close: async () => app.close() }
}
