import { type LeaseState, decideLease, noLease } from '../../src/locks/decide-lease.ts'
import { INSTANCE, type InstanceOptions, identityOf } from '../../src/support/instance.ts'
import { type Locks, locksOver } from '../../src/locks/locks.ts'
import { LOCKS, type LocksOptions } from '../../src/locks/options.ts'
import { memoryLeases } from '../../src/memory/memory-leases.ts'
import { memoryStorage } from '../../src/memory/memory-storage.ts'
import { StorageClient } from '../../src/support/storage-client.ts'
import { resolveOptions } from '../../src/support/option-table.ts'
import type { LeasePush, LeaseStorage } from '../../src/storage/leases.ts'
import type { ConnectionState, Storage } from '../../src/storage/storage.ts'
import { type ManualRuntime, manualRuntime } from '../manual-runtime.ts'

/** One storage, any number of processes, and time that a test moves. */
export interface World {
  readonly runtime: ManualRuntime
  readonly storage: Storage
  /** Every command, as `op name` in the order of arrival. */
  readonly commands: string[]
  /** The storage loses all that it has of a key, or only the queue. */
  readonly lose: (what: 'everything' | 'the queue') => void
  /** Another process on the same storage. `link` is its connection. */
  readonly join: (options?: LocksOptions & InstanceOptions) => { locks: Locks; link: Link }
}

/** A process's connection, as a test disturbs it. */
export interface Link {
  state: ConnectionState
  /** What happens to the next commands, first one first: nothing is lost once the list is empty. */
  readonly faults: Fault[]
  readonly set: (state: ConnectionState) => void
  /** Pushes are delivered but not read: a half-open connection, or a stopped process. */
  deaf: boolean
  /** All commands are lost while it is set. */
  blackHole: boolean
  /** The pushes that arrived meanwhile. */
  readonly missed: LeasePush[]
  /** A push arrives: one that was missed, late, or `gap`, for a subscription that was interrupted and is back. */
  readonly hear: (push: LeasePush) => void
}

/**
 * `lost`: never arrives, never answered. `unanswered`: is executed, never answered. `twice`: is executed twice, the
 * second answer counts. `held`: is executed when the test says so.
 */
export type Fault =
  | 'lost'
  | 'unanswered'
  | 'twice'
  | 'ok'
  | { readonly held: (execute: () => Promise<unknown>) => void }

export function createWorld(): World {
  const runtime = manualRuntime()
  // The server's clock is its own: far from the processes' clocks.
  const now = (): number => 1_600_000_000_000 + runtime.monotonicNow()
  const losses: ((state: LeaseState) => LeaseState)[] = []
  /** How many of the losses a key has suffered. */
  const suffered = new Map<string, number>()
  const decide: typeof decideLease = (key, state, command, surroundings) => {
    const left = losses.slice(suffered.get(key) ?? 0).reduce((before, lose) => lose(before), state)
    suffered.set(key, losses.length)
    return decideLease(key, left, command, surroundings)
  }
  const storage = { ...memoryStorage({ now }), leases: memoryLeases(now, decide) }
  const commands: string[] = []
  return {
    runtime,
    storage,
    commands,
    lose: (what) => losses.push((state) => (what === 'everything' ? noLease : { ...state, queue: [] })),
    join(options = {}) {
      const listeners = new Set<(state: ConnectionState) => void>()
      const ears = new Set<(push: LeasePush) => void>()
      const link: Link = {
        state: 'ready',
        faults: [],
        deaf: false,
        blackHole: false,
        missed: [],
        hear: (push) => {
          for (const onPush of ears) onPush(push)
        },
        set(state) {
          link.state = state
          for (const listener of listeners) listener(state)
        },
      }
      const connection = {
        get state() {
          return link.state
        },
        onChange(listener: (state: ConnectionState) => void) {
          listeners.add(listener)
          return () => void listeners.delete(listener)
        },
      }
      const faulty = { ...storage, connection, leases: disturbed(storage.leases, link, commands, ears) }
      const calls = new StorageClient(faulty, runtime)
      const { prefix, instance, ...own } = options
      const identity = identityOf(resolveOptions(INSTANCE, { prefix, instance }))
      return { locks: locksOver(calls, resolveOptions(LOCKS, own), identity), link }
    },
  }
}

const silence = new Promise<never>(() => undefined)

function disturbed(
  leases: LeaseStorage,
  link: Link,
  commands: string[],
  ears: Set<(push: LeasePush) => void>,
): LeaseStorage {
  const through =
    <A extends readonly [key: string, ...unknown[]], R>(op: string, command: (...args: A) => Promise<R>) =>
    async (...args: A): Promise<R> => {
      const execute = (): Promise<R> => {
        commands.push(`${op} ${args[0].split(':').at(-1)}`)
        return command(...args)
      }
      const fault = link.blackHole ? 'lost' : (link.faults.shift() ?? 'ok')
      if (fault === 'lost') return await silence
      if (fault === 'unanswered') return await execute().then(() => silence)
      if (fault === 'twice') return await execute().then(execute)
      if (fault !== 'ok')
        return await new Promise<R>((resolve) => fault.held(() => execute().then((r) => (resolve(r), r))))
      return await execute()
    }
  return {
    acquire: through('acquire', leases.acquire.bind(leases)),
    release: through('release', leases.release.bind(leases)),
    extend: through('extend', leases.extend.bind(leases)),
    reapExpired: through('reapExpired', leases.reapExpired.bind(leases)),
    revoke: through('revoke', leases.revoke.bind(leases)),
    inspect: through('inspect', leases.inspect.bind(leases)),
    async listen(process, onPush) {
      const stop = await leases.listen(process, (push) => {
        if (link.deaf) link.missed.push(push)
        else onPush(push)
      })
      ears.add(onPush)
      return async () => {
        ears.delete(onPush)
        await stop()
      }
    },
  }
}
