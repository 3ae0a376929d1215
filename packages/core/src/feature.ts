import { publishConnection } from './support/connection-events.ts'
import {
  INSTANCE,
  type Identity,
  type InstanceOptions,
  type ResolvedInstance,
  identityOf,
} from './support/instance.ts'
import { StorageClient } from './support/storage-client.ts'
import type { StorageLink } from './storage/storage.ts'
import { type OptionTable, type Resolved, resolveOptions } from './support/option-table.ts'

/**
 * The options of one feature alone. The storage is yours to close: it ends what it opened when you did, and when no
 * Holdfast and no feature that shares it is open any more.
 */
export type FeatureOptions<Options> = Options & InstanceOptions

/** One feature over a storage, with separate calls; its `close` ends both. */
export function alone<
  S extends StorageLink,
  T extends object,
  Open extends keyof T,
  Feature extends { close(options?: never): Promise<void> },
>(
  storage: S,
  options: FeatureOptions<T>,
  table: OptionTable<T, Open>,
  over: (calls: StorageClient<S>, options: Resolved<T, Open>, identity: Identity) => Feature,
): Feature {
  const both = { ...INSTANCE, ...table } as OptionTable<object>
  const given = resolveOptions<object, never>(both, options) as ResolvedInstance & Resolved<T, Open>
  const { prefix, instance: name, callTimeoutMs, maxPendingCalls, runtime, ...own } = given
  const calls = new StorageClient(storage, runtime, { callTimeoutMs, maxPendingCalls })
  const identity = identityOf({ prefix, instance: name })
  const feature = over(calls, own as unknown as Resolved<T, Open>, identity)
  const { instance } = identity
  const silence = publishConnection(calls, { instance, prefix, storage: 'main' })
  const close: Feature['close'] = async (how) => {
    await feature.close(how)
    silence()
    calls.close()
  }
  return { ...feature, close }
}
