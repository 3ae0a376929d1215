import {
  type ExecutionOptions,
  type Holdfast,
  type Idempotency,
  type Storage,
  StorageRefusedError,
  createHoldfast,
  memoryStorage,
} from '@holdfast/core'
import { type Runtime, systemRuntime } from '@holdfast/core/storage'
import { FaultProxy } from '@holdfast/test-support/proxy'
import { type ClientName, connect } from './connect.ts'

/** One storage that several instances use, each over a separate connection. */
export interface JobWorld {
  /** Another instance: what a process is to the storage. It is closed with the world. */
  join(options?: JoinOptions): Promise<Instance>
  /** The storage's clock. */
  now(): Promise<number>
  close(): Promise<void>
}

export interface JoinOptions extends ExecutionOptions {
  readonly prefix?: string | undefined
  readonly instance?: string | undefined
  /** How far this instance's own wall clock is off, always or at this moment. */
  readonly wallOffMs?: number | (() => number)
  /** Hints do not arrive, or cannot be subscribed to. */
  readonly hints?: 'lost' | 'refused'
}

export interface Instance {
  readonly idempotency: Idempotency
  /** Its connection, on storages with a connection that can fail. */
  readonly proxy: FaultProxy | undefined
  /** Leaves everything that it runs as it is, as a crash would: nothing is renewed, ended or released. */
  crash(): Promise<void>
}

export function memoryWorld(): JobWorld {
  const storage = memoryStorage()
  return worldOver(storage, 60_000, async () => ({ storage, proxy: undefined, disconnect: async () => {} }))
}

/**
 * Each instance has its own client and proxy. `callTimeoutMs` is for what has to be distinguished from an outage: without
 * one, a storage has a minute to answer, however much else the machine has to do.
 */
export async function redisWorld(
  client: ClientName,
  url: string,
  { callTimeoutMs = 60_000 }: { readonly callTimeoutMs?: number } = {},
): Promise<JobWorld> {
  const target = { port: Number(new URL(url).port) }
  const direct = await connect(client, url)
  const world = worldOver(direct.storage, callTimeoutMs, async () => {
    const proxy = await FaultProxy.start({ target })
    const connected = await connect(client, proxy.url)
    const disconnect = async (): Promise<void> => {
      await connected[Symbol.asyncDispose]()
      await proxy.stop()
    }
    return { storage: connected.storage, proxy, disconnect }
  })
  return {
    ...world,
    async close() {
      await world.close()
      await direct[Symbol.asyncDispose]()
    },
  }
}

interface Link {
  readonly storage: Storage
  readonly proxy: FaultProxy | undefined
  readonly disconnect: () => Promise<void>
}

function worldOver(shared: Storage, callTimeoutMs: number, link: () => Promise<Link>): JobWorld {
  const instances: { readonly holdfast: Holdfast; readonly disconnect: () => Promise<void> }[] = []
  return {
    now: () => shared.time(),
    async join({ wallOffMs = 0, hints, prefix = 'app', instance, ...options } = {}) {
      const { storage, proxy, disconnect } = await link()
      const holdfast = createHoldfast({
        storage: hints === undefined ? storage : withoutHints(storage, hints),
        callTimeoutMs,
        idempotency: options,
        prefix,
        instance,
        runtime: wallOffMs === 0 ? systemRuntime : withWall(wallOffMs),
      })
      instances.push({ holdfast, disconnect })
      const crash = async (): Promise<void> => holdfast.close({ graceMs: 0 })
      return { idempotency: holdfast.idempotency, proxy, crash }
    },
    async close() {
      await Promise.all(instances.map(({ holdfast }) => holdfast.close()))
      await Promise.all(instances.map(({ disconnect }) => disconnect()))
    },
  }
}

function withWall(off: number | (() => number)): Runtime {
  const offMs = typeof off === 'number' ? () => off : off
  return { ...systemRuntime, wallNow: () => systemRuntime.wallNow() + offMs() }
}

function withoutHints(storage: Storage, why: 'lost' | 'refused'): Storage {
  const subscribe = async (): Promise<() => Promise<void>> => {
    if (why === 'refused') throw new StorageRefusedError('NOPERM')
    return async () => {}
  }
  return { ...storage, records: { ...storage.records, subscribe } }
}
