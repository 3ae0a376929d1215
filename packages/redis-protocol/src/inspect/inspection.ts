import type { RedisClient } from '../client.ts'
import { wholeNumber } from '../digits.ts'
import { asStorageError } from '../errors.ts'
import { NAMESPACE, createKeys, literal } from '../keys.ts'
import { orderly } from '../orderly.ts'
import { isOfSelfTest } from '../verify/throwaway.ts'
import { type ScanStep, scanKeys } from './scan-keys.ts'

/**
 * What there is in a Redis, for operators: it goes through all keys in small steps, which no other storage offers. `app` is
 * `appOf(prefix)`. Every call rejects with `StorageRefusedError` where the user may not SCAN.
 */
export interface RedisInspection {
  /** The apps that have keys. What `verify()` leaves for a minute does not count. */
  apps(): AsyncGenerator<ScanStep<string>>
  /** The keys of leases of an app, as `leases.inspect` takes them. */
  leases(app: string): AsyncGenerator<ScanStep<string>>
  /** The keys of values of an app, as `values.getMany` takes them. */
  values(app: string): AsyncGenerator<ScanStep<string>>
  /**
   * The bytes of memory that values take, keys included; undefined for what is gone.
   * @throws StorageRefusedError where the user may not ask for them
   */
  bytesOf(values: readonly string[]): Promise<readonly (number | undefined)[]>
}

/** The inspection of the Redis that a client is connected to. It only reads. */
export function redisInspection(
  adapted: RedisClient,
  { namespace = NAMESPACE }: { readonly namespace?: string } = {},
): RedisInspection {
  const client = orderly(adapted)
  const keys = createKeys(namespace)
  const found = new RegExp(`^(\\{?)${namespace.replaceAll('.', '\\.')}:[lrv]:([^:}]*)[:}]`)
  const appIn = (key: string): string => {
    const [, brace, app = ''] = found.exec(key) ?? []
    return brace === '' ? app : keys.leaseName(`{${namespace}:l:${app}}`)
  }
  return {
    async *apps() {
      const apps = new Set<string>()
      for await (const step of scanKeys(client, `*${namespace}:[lrv]:*`)) {
        const names = step.found.filter((key) => found.test(key) && !isOfSelfTest(key)).map(appIn)
        const fresh = [...new Set(names)].filter((app) => !apps.has(app))
        for (const app of fresh) apps.add(app)
        yield { ...step, found: fresh }
      }
    },
    async *leases(app) {
      const tag = keys.leaseTag(`${app}:`).slice(0, -1)
      for await (const step of scanKeys(client, `${literal(tag)}*}:s`))
        yield { ...step, found: step.found.map((key) => keys.leaseName(key.slice(0, -2))) }
    },
    async *values(app) {
      const before = keys.value('')
      for await (const step of scanKeys(client, `${literal(keys.value(`${app}:`))}*`))
        yield { ...step, found: step.found.map((key) => key.slice(before.length)) }
    },
    async bytesOf(values) {
      const names = values.map((key) => keys.value(key))
      const replies = await Promise.all(
        names.map((name) =>
          client.send(['MEMORY', 'USAGE', name], name).catch((error: unknown) => {
            throw asStorageError(error, 'MEMORY USAGE')
          }),
        ),
      )
      return replies.map((reply) => (reply === null ? undefined : wholeNumber(reply)))
    },
  }
}
