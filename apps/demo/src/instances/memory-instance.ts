import type { Storage } from '@holdfast/core'
import { fireByHttp } from './fire-by-http.ts'
import type { Instance } from './instance.ts'
import type { InstanceSettings, Reports } from './messages.ts'
import { startRuntime } from './runtime.ts'

/** Starts an instance within this process, for a storage that only this process can see. */
export async function startMemoryInstance(
  settings: InstanceSettings,
  storage: Storage,
  reports: Reports,
): Promise<Instance> {
  const { name, client } = settings
  const runtime = await startRuntime(settings, storage, reports)
  const gone = Promise.withResolvers<undefined>()
  const cannot = (what: string): never => {
    throw new Error(`${name} is part of this process and cannot ${what} alone.`)
  }
  let closed: Promise<void> | undefined
  return {
    name,
    client,
    pid: null,
    port: runtime.port,
    gone: gone.promise,
    fire: (request) =>
      runtime.port === undefined ? runtime.fire(request) : fireByHttp(runtime.port, request, settings.key),
    setReviewer: (mode) => runtime.setReviewer(mode),
    measure: async () => [],
    kill: () => cannot('be killed'),
    freeze: () => cannot('be frozen'),
    thaw: () => cannot('be woken'),
    close: () => (closed ??= runtime.close().then(() => gone.resolve(undefined))),
  }
}
