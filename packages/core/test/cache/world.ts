import {
  type CacheOptions,
  type ClosableCache,
  type Storage,
  createCache,
  memoryStorage,
} from '@holdfast/core'
import { beforeEach } from 'vitest'
import { flightsByPlaceholder } from '../../src/cache/flight.ts'
import { type ManualRuntime, manualRuntime, settle } from '../manual-runtime.ts'

/** Caches of several processes over one memory storage, and time that stands still until the test moves it. */
export interface World {
  readonly runtime: ManualRuntime
  readonly storage: Storage
  /** Another process's. */
  cache(options?: CacheOptions): ClosableCache
}

export function world(): World {
  const runtime = manualRuntime()
  const storage = memoryStorage({ now: () => runtime.wallNow() })
  return {
    runtime,
    storage,
    cache: (options = {}) => createCache(storage, { jitter: 0, ...options, runtime }),
  }
}

/** The same storage, and the names of the commands of values that it gets. */
export function counted(storage: Storage): { readonly storage: Storage; readonly sent: string[] } {
  const sent: string[] = []
  const values = new Proxy(storage.values, {
    get(target, name: keyof Storage['values']) {
      const command: unknown = target[name]
      if (typeof command !== 'function') return command
      return (...args: readonly unknown[]): unknown => {
        sent.push(name)
        return Reflect.apply(command, target, args)
      }
    },
  })
  return { storage: { ...storage, values }, sent }
}

/** Says which loads of the current test are on. Tests of other files may have left some that never end. */
export function watchFlights(): () => readonly unknown[] {
  let before: readonly unknown[] = []
  beforeEach(() => void (before = flightsByPlaceholder.values()))
  return () => flightsByPlaceholder.values().filter((flight) => !before.includes(flight))
}

/** A load that ends when the test ends it. */
export interface SlowLoad<T> {
  readonly load: (context: { readonly signal: AbortSignal }) => Promise<T>
  readonly started: Promise<AbortSignal>
  readonly calls: () => number
  finish(value: T): void
  fail(error: unknown): void
}

export function slowLoad<T>(): SlowLoad<T> {
  let finish!: (value: T) => void
  let fail!: (error: unknown) => void
  let start!: (signal: AbortSignal) => void
  let calls = 0
  const loaded = new Promise<T>((resolve, reject) => {
    finish = resolve
    fail = reject
  })
  loaded.catch(() => undefined)
  const started = new Promise<AbortSignal>((resolve) => (start = resolve))
  return {
    load: ({ signal }) => {
      calls += 1
      start(signal)
      return loaded
    },
    started,
    calls: () => calls,
    finish,
    fail,
  }
}

/** Has calls reach the place where they wait; a rejection is the test's to look at later. */
export async function waiting(...calls: readonly Promise<unknown>[]): Promise<void> {
  for (const call of calls) call.catch(() => undefined)
  await settle()
}
