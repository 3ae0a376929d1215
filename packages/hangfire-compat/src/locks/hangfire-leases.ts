import { InvalidArgumentError, StorageRefusedError } from '@holdfast/core'
import { type LeaseStorage, RETENTION_MS } from '@holdfast/core/storage'
import type { RunScript } from '@holdfast/redis-protocol'
import { hangfireKeys } from '../wire/keys.ts'
import { acquireLock } from './acquire.ts'
import { decodeAcquire, decodeExtend, decodeInspect, decodeRelease, decodeRevoke } from './decode.ts'
import { extendLock } from './extend.ts'
import { inspectLock } from './inspect.ts'
import { releaseLock } from './release.ts'
import { revokeLock } from './revoke.ts'
import { waitingLines } from './waiting-lines.ts'

/**
 * The leases facet on the locks of Hangfire.Redis.StackExchange: the key of a lease is a resource, and its token is the value
 * of .NET's key. .NET compares that value with its own and no more, so each acquisition has another one.
 *
 * Of the facet's guarantees, those about the queue (L4 to L6, L14 to L17) do not apply, since .NET has none: who waits asks
 * from time to time, and the first waiter that asks while the key is free gets it. A fence is greater than those before it as far
 * as Node's processes were granted them.
 */
export function hangfireLeases(prefix: string, run: RunScript): LeaseStorage {
  const keys = hangfireKeys(prefix)
  const lines = waitingLines()
  const lockAndMemory = (resource: string): [lock: string, memory: string] => [
    keys.lock(resource),
    `${prefix}holdfast:lock:${resource}`,
  ]
  const withEnded = (resource: string, token: string): [lock: string, memory: string, ended: string] => [
    ...lockAndMemory(resource),
    `${prefix}holdfast:ended:${token}`,
  ]

  return {
    acquire(resource, { token, leaseMs, wait, notAfter, durability }) {
      if (durability !== undefined) return Promise.reject(noDurability())
      const args = [
        token,
        String(leaseMs),
        digits13(notAfter),
        String(leaseMs + RETENTION_MS),
        wait ? '1' : '0',
      ] as const
      const ask = () =>
        run(acquireLock, withEnded(resource, token), [...args], (reply) => decodeAcquire(reply, wait))
      return wait ? lines.acquire(resource, token, ask) : ask()
    },

    release(resource, { token, notAfter }) {
      lines.leave(resource, token)
      const args: [string, string, string] = [token, digits13(notAfter), String(RETENTION_MS)]
      return run(releaseLock, withEnded(resource, token), args, decodeRelease)
    },

    extend(resource, { token, leaseMs, durability }) {
      if (durability !== undefined) return Promise.reject(noDurability())
      const args: [string, string, string] = [token, String(leaseMs), String(leaseMs + RETENTION_MS)]
      return run(extendLock, lockAndMemory(resource), args, decodeExtend)
    },

    async revoke(resource, { token = '' }) {
      const args: [string, string] = [token, String(RETENTION_MS)]
      return {
        ...(await run(revokeLock, lockAndMemory(resource), args, decodeRevoke)),
        pendingHandOffMs: 0,
      }
    },

    async inspect(resource) {
      const view = await run(inspectLock, lockAndMemory(resource), [], decodeInspect)
      return { ...view, waiting: 0, queue: [] }
    },

    // Nothing is handed over.
    async reapExpired(resource) {
      const { now } = await run(inspectLock, lockAndMemory(resource), [], decodeInspect)
      return { pendingHandOffMs: 0, now }
    },

    // .NET publishes nothing when it releases a lock.
    listen: () => Promise.reject(new StorageRefusedError('Hangfire announces no release of a lock: ask.')),
  }
}

function digits13(ms: number): string {
  return String(Math.floor(Math.max(0, Math.min(ms, 9_999_999_999_999)))).padStart(13, '0')
}

function noDurability(): InvalidArgumentError {
  return new InvalidArgumentError(
    'Locks of Hangfire take no durability: .NET would not wait for replicas either. Leave it out.',
  )
}
