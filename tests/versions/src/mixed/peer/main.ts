// A process of a mixed deploy, on whichever version of the packages it finds: `main.ts '<PeerTask as JSON>'`, with an IPC channel.
import { type Holdfast, createHoldfast } from '@holdfast/core'
import type { Endpoint } from '../../topologies.ts'
import { cacheOperations } from './cache.ts'
import { type Library, connect } from './connect.ts'
import { httpOperations } from './http.ts'
import { jobOperations } from './jobs.ts'
import { lockOperations } from './locks.ts'
import { type SaidError, go, sayError } from './said.ts'

export interface PeerTask {
  /** How it calls itself. */
  readonly instance: string
  readonly library: Library
  readonly endpoint: Endpoint
}

/** A call of an operation, by its name. */
export interface Call {
  readonly id: number
  readonly operation: keyof Operations
  readonly args: readonly unknown[]
}

/** What became of it. */
export type Reply = { readonly id: number } & ({ readonly value: unknown } | { readonly error: SaidError })

export type Operations = typeof operations

const { instance, library, endpoint } = JSON.parse(process.argv[2] ?? '') as PeerTask
process.on('disconnect', () => process.exit()) // the parent is gone

const storage = await connect(library, endpoint)
let traces = true
const holdfast = open()
await storage.time()

const operations = {
  ...jobOperations(holdfast),
  ...lockOperations(holdfast),
  ...cacheOperations(holdfast),
  ...httpOperations(holdfast),
  /** Whether the records of its jobs have a member that not every version knows. */
  traces: async () => traces,
  go: async (about: string) => go(about),
  /** As a deploy ends a process: what runs is asked to stop, and released. */
  close: async () => await holdfast.close({ graceMs: 60_000 }),
}

/** With members in the records of jobs that not every version knows, where this one has them. */
function open(): Holdfast {
  // A busy machine is no outage.
  const common = { storage, prefix: 'mixed', instance, callTimeoutMs: 60_000 }
  const traceContext = { inject: () => `of ${instance}`, extract: () => {} }
  try {
    return createHoldfast({ ...common, idempotency: { traceContext } })
  } catch {
    traces = false
    return createHoldfast(common)
  }
}

process.on('message', ({ id, operation, args }: Call) => {
  const called = operations[operation] as (...those: readonly unknown[]) => Promise<unknown>
  called(...args)
    .then((value) => process.send?.({ id, value } satisfies Reply))
    .catch((error: unknown) => process.send?.({ id, error: sayError(error) } satisfies Reply))
})
process.send?.('ready')
