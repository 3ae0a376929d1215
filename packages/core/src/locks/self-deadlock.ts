import { AsyncLocalStorage } from 'node:async_hooks'
import { SelfDeadlockError } from '../errors.ts'
import type { Lease } from './lease.ts'

/** A lease that `run` holds around a call. */
export interface Ancestor {
  readonly lease: Lease
  readonly key: string
}

const around = new AsyncLocalStorage<readonly Ancestor[]>()
const nobody: readonly Ancestor[] = []

export function runHolding<T>(lease: Lease, key: string, body: () => T): T {
  return around.run([...ancestors(), { lease, key }], body)
}

/** Taken where the call is made: what is looked at later would belong to a push or a timer. */
export function ancestors(): readonly Ancestor[] {
  return around.getStore() ?? nobody
}

/** Whether one of them, still held, is such a one. */
export function isHeldBy(all: readonly Ancestor[], isSuch: (one: Ancestor) => boolean): boolean {
  return all.some((one) => isSuch(one) && one.lease.remainingMs() > 0)
}

export function selfDeadlock(name: string): SelfDeadlockError {
  return new SelfDeadlockError(
    `Lock ${name} is held by a run() around this call, which would wait for itself. Pass the lease down instead.`,
  )
}
