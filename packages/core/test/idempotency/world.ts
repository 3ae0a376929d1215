import { type Idempotency, idempotencyOver } from '../../src/idempotency/idempotency.ts'
import type { ExecutionContext } from '../../src/idempotency/execution-context.ts'
import { EXECUTION, type ExecutionOptions, type StartOptions } from '../../src/idempotency/options.ts'
import { INSTANCE, type InstanceOptions, identityOf } from '../../src/support/instance.ts'
import { StorageRefusedError, StorageUnavailableError } from '../../src/errors.ts'
import { memoryStorage } from '../../src/memory/memory-storage.ts'
import { StorageClient } from '../../src/support/storage-client.ts'
import { resolveOptions } from '../../src/support/option-table.ts'
import type { OnHint, RecordStorage } from '../../src/storage/records.ts'
import type { ConnectionState, Storage } from '../../src/storage/storage.ts'
import { type ManualRuntime, manualRuntime } from '../manual-runtime.ts'

/** One storage, any number of processes, and time that a test moves. */
export interface World {
  readonly runtime: ManualRuntime
  readonly storage: Storage
  /** Every command that was executed, as `op id`, in that order. */
  readonly commands: string[]
  /** Another process on the same storage; `link` is its connection. */
  readonly join: (options?: ExecutionOptions & InstanceOptions) => Process
  /** Milliseconds of the storage's clock. */
  readonly now: () => number
  /** Steps the storage's clock. */
  readonly stepStorage: (ms: number) => void
}

export interface Process {
  readonly idempotency: Idempotency
  readonly link: Link
}

/** `create` and `replace`: a `put` where nothing is expected, and one over a revision. */
type Op = 'create' | 'replace' | 'compareAndDelete' | 'read' | 'list' | 'subscribe' | 'time'

/**
 * `lost`: never arrives, never answered. `unanswered`: is executed, never answered. `broken`: is executed, and the
 * connection breaks before the answer. `refused`: the storage answers with an error. `twice`: is executed twice, the
 * second answer counts. `failed`: is not executed, and the connection says so. `held`: is executed, and answered, when
 * the test calls what it is given; `answered`: is executed at once, and answered then. `instead`: is not executed, and
 * answered with this.
 */
export type Fault =
  | 'lost'
  | 'unanswered'
  | 'broken'
  | 'refused'
  | 'twice'
  | 'failed'
  | { readonly held: (execute: () => Promise<unknown>) => void }
  | { readonly answered: (answer: () => void) => void }
  | { readonly instead: unknown }

/** A process's connection, as a test disturbs it. */
export interface Link {
  /** The next command of this kind meets this fault. */
  readonly once: (op: Op, fault: Fault) => void
  /** Every command of this kind meets it, until the function is called. */
  readonly every: (op: Op, fault: Fault) => () => void
  /** Commands are lost, all of them, while it is set. */
  blackHole: boolean
  /** Hints of others do not arrive. */
  deaf: boolean
  /** A hint arrives. */
  hint: OnHint
  readonly set: (state: ConnectionState) => void
  /** Subscriptions that are open. */
  subscriptions: number
  /** Calls that wait for the connection to change. */
  readonly waiting: number
}

export function createWorld(): World {
  const runtime = manualRuntime()
  let offset = 1_600_000_000_000
  // The server's clock is its own: far from the processes' clocks.
  const now = (): number => offset + runtime.monotonicNow()
  const storage = memoryStorage({ now })
  const commands: string[] = []
  return {
    runtime,
    storage,
    commands,
    now,
    stepStorage: (ms) => void (offset += ms),
    join(options = {}) {
      const listeners = new Set<(state: ConnectionState) => void>()
      const faults: { readonly op: Op; readonly fault: Fault; readonly once: boolean }[] = []
      let state: ConnectionState = 'ready'
      const link: Link = {
        blackHole: false,
        deaf: false,
        hint: () => undefined,
        subscriptions: 0,
        once: (op, fault) => void faults.push({ op, fault, once: true }),
        every(op, fault) {
          const entry = { op, fault, once: false }
          faults.push(entry)
          return () => void faults.splice(faults.indexOf(entry), 1)
        },
        set(next) {
          state = next
          for (const listener of listeners) listener(next)
        },
        get waiting() {
          return listeners.size
        },
      }
      const connection = {
        get state() {
          return state
        },
        onChange(listener: (state: ConnectionState) => void) {
          listeners.add(listener)
          return () => void listeners.delete(listener)
        },
      }
      const through = async <R>(op: Op, id: string, command: () => Promise<R>): Promise<R> => {
        const execute = (): Promise<R> => {
          commands.push(`${op} ${id}`.trim())
          return command()
        }
        if (link.blackHole) return await silence
        const index = faults.findIndex((fault) => fault.op === op)
        if (index < 0) return await execute()
        const { fault, once } = faults[index] as (typeof faults)[number]
        if (once) faults.splice(index, 1)
        switch (fault) {
          case 'lost':
            return await silence
          case 'unanswered':
            await execute()
            return await silence
          case 'broken':
            await execute()
            throw new StorageUnavailableError('the connection broke', { maybeApplied: true })
          case 'refused':
            throw new StorageRefusedError(`${op} is refused`)
          case 'twice':
            await execute()
            return await execute()
          case 'failed':
            throw new StorageUnavailableError('not connected', { maybeApplied: false })
          default:
            if ('instead' in fault) return fault.instead as R
            if ('answered' in fault) {
              const reply = await execute()
              return await new Promise<R>((resolve) => fault.answered(() => resolve(reply)))
            }
            return await new Promise<R>((resolve, reject) =>
              fault.held(() => execute().then(resolve, reject)),
            )
        }
      }
      const faulty: Storage = {
        ...storage,
        connection,
        records: disturbed(storage.records, through, link),
        time: () => through('time', '', () => storage.time()),
      }
      return { idempotency: idempotencyOf(faulty, runtime, options), link }
    },
  }
}

export function idempotencyOf(
  storage: Storage,
  runtime: ManualRuntime,
  options: ExecutionOptions & InstanceOptions = {},
): Idempotency {
  const { prefix, instance, callTimeoutMs, maxPendingCalls, ...policies } = options
  const own = resolveOptions(INSTANCE, { prefix, instance, callTimeoutMs, maxPendingCalls })
  const calls = new StorageClient(storage, runtime, own)
  return idempotencyOver(calls, resolveOptions(EXECUTION, policies), identityOf(own))
}

const silence = new Promise<never>(() => undefined)

function disturbed(
  records: RecordStorage,
  through: <R>(op: Op, id: string, command: () => Promise<R>) => Promise<R>,
  link: Link,
): RecordStorage {
  return {
    put: (key, rev, write) =>
      through(rev === null ? 'create' : 'replace', key.id, () => records.put(key, rev, write)),
    compareAndDelete: (key, match) =>
      through('compareAndDelete', key.id, () => records.compareAndDelete(key, match)),
    read: (key) => through('read', key.id, () => records.read(key)),
    list: (collection, page) => through('list', collection, () => records.list(collection, page)),
    subscribe: (key, onHint) =>
      through('subscribe', key.id, async () => {
        const stop = await records.subscribe(key, (written) => {
          if (!link.deaf) onHint(written)
        })
        link.hint = onHint
        link.subscriptions += 1
        return async () => {
          link.subscriptions -= 1
          await stop()
        }
      }),
  }
}

/** A promise and what settles it, for bodies that a test ends. */
export interface Gate<T = void> {
  readonly promise: Promise<T>
  open(value: T): void
  fail(error: unknown): void
}

export function gate<T = void>(): Gate<T> {
  let open!: (value: T) => void
  let fail!: (error: unknown) => void
  const promise = new Promise<T>((resolve, reject) => {
    open = resolve
    fail = reject
  })
  promise.catch(() => undefined)
  return { promise, open, fail }
}

/** The outcome of a promise that a test looks at later; reading it is never an unhandled rejection. */
export interface Watched<T> {
  state: 'pending' | 'resolved' | 'rejected'
  value?: T
  error?: unknown
  readonly promise: Promise<T>
}

export function watched<T>(promise: Promise<T>): Watched<T> {
  const result: Watched<T> = { state: 'pending', promise }
  promise.then(
    (value) => Object.assign(result, { state: 'resolved', value }),
    (error: unknown) => Object.assign(result, { state: 'rejected', error }),
  )
  return result
}

/** Starts the job, which has to be free, and leaves its end to the test. */
export async function started(
  idempotency: Idempotency,
  options: StartOptions = {},
  key = 'k',
): Promise<ExecutionContext> {
  const begun = await idempotency.begin('job', key, options)
  if (begun.status !== 'started') throw new Error(`not started: ${begun.status}`)
  return begun.execution
}
