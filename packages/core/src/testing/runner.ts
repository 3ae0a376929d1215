import type { LeaseStorage } from '../storage/leases.ts'
import type { Storage } from '../storage/storage.ts'

/** The functions of the test runner that is used: vitest, node:test, Jest and Mocha all have them. */
export interface TestRunner {
  readonly describe: (name: string, body: () => void) => void
  readonly it: (name: string, body: () => Promise<void>) => void
  /** Before all tests of the surrounding `describe`. */
  readonly beforeAll: (body: () => Promise<void>) => void
  readonly afterAll: (body: () => Promise<void>) => void
}

/** A storage to hold against the kit. Names in the kit are random, so one that others use too will do. */
export interface StorageUnderTest {
  readonly storage: Storage
  /**
   * Lets `ms` of the storage's time pass. Default: asks the storage for its time until it has; a storage with a
   * clock that it owns (memory) moves that instead.
   */
  readonly elapse?: (ms: number) => Promise<void>
  /** Makes the storage refuse writes that take memory; returns what undoes it. Needed for `outOfMemory` only. */
  readonly exhaustMemory?: () => Promise<() => Promise<void>>
  /**
   * Listens for a process where the storage does not count, but its pushes arrive: on a server that follows its own.
   * Nothing may arrive there that was not so (L14).
   */
  readonly listenElsewhere?: LeaseStorage['listen']
  /** Closes the storage and everything that was opened for it. */
  close(): Promise<void>
}

/** What the kit tests beyond what every storage does, and what it leaves out. */
export interface KitOptions {
  /** Also test what must work when the storage is out of memory (G13, L12, V9): needs `exhaustMemory`. Default false. */
  readonly outOfMemory?: boolean
  /**
   * False where the storage cannot know whether a process listens (classic pub/sub of a Redis cluster): then a waiter
   * that does not is not passed over at once (L4), but dropped after its claim time. Default true.
   */
  readonly countsListeners?: boolean
  /**
   * False where a push may come late, so that a process hears of something that happened before it listened (a Redis
   * cluster passes messages on between its nodes). Default true.
   */
  readonly promptPushes?: boolean
  /** The storage reports invalidations (F1 to F6). Default false. */
  readonly invalidations?: boolean
  /** `elapse` takes no time, so that what takes minutes is tested too (L13). Default false. */
  readonly movesTime?: boolean
}

/** The storage of one suite, opened before its first test and closed after its last. */
export interface OpenStorage {
  readonly storage: Storage
  readonly listenElsewhere: LeaseStorage['listen'] | undefined
  elapse(ms: number): Promise<void>
  exhaustMemory(): Promise<() => Promise<void>>
}

export function useStorage(runner: TestRunner, open: () => Promise<StorageUnderTest>): OpenStorage {
  let opened: StorageUnderTest | undefined
  const get = (): StorageUnderTest => {
    if (opened === undefined) throw new Error('the storage is used outside of a test')
    return opened
  }
  runner.beforeAll(async () => {
    opened = await open()
  })
  runner.afterAll(async () => opened?.close())
  return {
    get storage() {
      return get().storage
    },
    get listenElsewhere() {
      return get().listenElsewhere
    },
    async exhaustMemory() {
      const { exhaustMemory } = get()
      if (exhaustMemory === undefined)
        throw new Error('outOfMemory needs a storage under test with exhaustMemory')
      return exhaustMemory()
    },
    elapse: (ms) => (get().elapse ?? ((time) => untilElapsed(get().storage, time)))(ms),
  }
}

/** Waits on the storage's own clock, because that is the one which decides. */
async function untilElapsed(storage: Storage, ms: number): Promise<void> {
  const until = (await storage.time()) + ms
  for (let left = ms; left > 0; left = until - (await storage.time())) {
    await new Promise((resolve) => setTimeout(resolve, left))
  }
}

/**
 * For a test in which something has to be done before a short time is over. When it failed, it runs once more with more
 * of that time: a slow machine is no fault of the storage, and a fault of the storage shows however long the time is.
 */
export function unhurried(test: (shortMs: number) => Promise<void>): () => Promise<void> {
  return async () => {
    for (const shortMs of [50, 500]) {
      const passed = await test(shortMs).then(
        () => true,
        () => false,
      )
      if (passed) return
    }
    await test(5_000)
  }
}

/** 1 MB, which arrives in many pieces, some of which end within a character: clients have decoded each piece by itself. */
export const LONG_TEXT: string = 'x🦊'.repeat(200_000)

let names = 0

/** A name that no other test, run or process uses. */
export function freshName(what: string): string {
  return `kit-${what}-${process.pid}-${Date.now().toString(36)}-${(names += 1)}`
}

/** The next number in [0, below) of a seeded series (mulberry32), so that a failing walk can be run again. */
export function seededInts(seed: number): (below: number) => number {
  let state = seed >>> 0
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below
  }
}
