import type { Storage } from '@holdfast/core'
import type { Instance } from './instance.ts'
import type { CallOutcome, InstanceSettings } from './messages.ts'
import { startRuntime } from './runtime.ts'

/** Starts an instance within this process, for a storage that only this process can see. */
export async function startMemoryInstance(
  settings: InstanceSettings,
  storage: Storage,
  onOutcome: (outcome: CallOutcome) => void,
): Promise<Instance> {
  const { name, client } = settings
  const runtime = await startRuntime(settings, storage, onOutcome)
  const gone = Promise.withResolvers<undefined>()
  let closed: Promise<void> | undefined
  return {
    name,
    client,
    gone: gone.promise,
    fire: (request) => runtime.fire(request),
    kill() {
      throw new Error(`${name} is part of this process and cannot be killed alone.`)
    },
    close: () => (closed ??= runtime.close().then(() => gone.resolve(undefined))),
  }
}
