import { AsyncLocalStorage } from 'node:async_hooks'
import type { Lease } from './lease.ts'

/** The leases that `run` holds around one call. */
export interface Ancestors {
  /** Whether one of them has this token, and holds it still. */
  hold(token: string): boolean
  /** Whether one of them is a lease of the key that this process was granted, and holds it still. */
  holdKey(key: string, process: string): boolean
}

interface Around {
  readonly lease: Lease
  readonly key: string
  readonly outer: Around | undefined
}

const around = new AsyncLocalStorage<Around>()

export function runHolding<T>(lease: Lease, key: string, body: () => T): T {
  return around.run({ lease, key, outer: around.getStore() }, body)
}

/** Taken where the call is made: what is looked at later would belong to a push or a timer. */
export function ancestors(): Ancestors {
  const innermost = around.getStore()
  return innermost === undefined
    ? nobody
    : {
        hold: (token) => some(innermost, (at) => at.lease.token === token),
        holdKey: (key, process) =>
          some(innermost, (at) => at.key === key && at.lease.token.startsWith(`${process}.`)),
      }
}

const nobody: Ancestors = { hold: () => false, holdKey: () => false }

function some(innermost: Around, matches: (at: Around) => boolean): boolean {
  for (let at: Around | undefined = innermost; at !== undefined; at = at.outer) {
    if (matches(at) && at.lease.remainingMs() > 0) return true
  }
  return false
}
