// A separate process: `worker.ts '<CacheWorkerTask as JSON>'`, with an IPC channel. It does what its parent asks.
import {
  type CacheOptions,
  type GetOrCreateOptions,
  type HoldfastError,
  createHoldfast,
} from '@holdfast/core'
import { record } from '../witness.ts'
import { type LoadSpec, type Method, actorOver } from './actor.ts'
import { type ClientVersion, type Place, openStorage } from './open-storage.ts'

export interface CacheWorkerTask {
  readonly client: ClientVersion
  readonly place: Place
  readonly cache: CacheOptions
  readonly prefix: string
  readonly witness: string
}

export type Ask =
  | {
      readonly id: number
      readonly space: string
      readonly method: Method
      readonly args: readonly unknown[]
    }
  | {
      readonly id: number
      readonly space: string
      readonly times: number
      readonly key: string
      readonly load: LoadSpec
      readonly options: GetOrCreateOptions | undefined
    }
  | { readonly release: string }

export type Answer =
  | { readonly id: number; readonly value: unknown }
  | { readonly id: number; readonly error: { readonly message: string; readonly code: unknown } }

const {
  client,
  place,
  cache: options,
  prefix,
  witness,
} = JSON.parse(process.argv[2] ?? '') as CacheWorkerTask
process.on('disconnect', () => process.exit()) // the parent is gone

const { storage } = await openStorage(client, place)
const { cache } = createHoldfast({ storage, prefix, cache: options, instance: `worker ${process.pid}` })
await storage.time()
const actor = actorOver(cache, (name, { signal, stale }) => {
  record(witness, 'load', { name, stale: stale?.value })
  signal.addEventListener('abort', () => record(witness, 'aborted', { name }))
})

async function answer(ask: Exclude<Ask, { readonly release: string }>): Promise<unknown> {
  if ('method' in ask) {
    const value = await actor.call(ask.space, ask.method, ...ask.args)
    // Without what cannot be sent.
    return ask.method === 'stats' ? JSON.parse(JSON.stringify(value)) : value
  }
  return await actor.loadTimes(ask.times, ask.space, ask.key, ask.load, ask.options)
}

process.on('message', (ask: Ask) => {
  if ('release' in ask) return actor.release(ask.release)
  const { id } = ask
  answer(ask).then(
    (value) => process.send?.({ id, value } satisfies Answer),
    ({ message, code }: HoldfastError) => process.send?.({ id, error: { message, code } } satisfies Answer),
  )
})
process.send?.('ready')
