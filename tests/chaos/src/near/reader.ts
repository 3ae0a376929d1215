import { createHoldfast } from '@holdfast/core'
import { redisStorage } from '@holdfast/redis-protocol'
import { setTimeout as delay } from 'node:timers/promises'
import { clients } from './clients.ts'
import { type Control, controls } from './controls.ts'
import type { Read } from './judge.ts'
import { now } from './now.ts'

/** How a reader is started: with these as JSON in its only argument. */
export interface ReaderOptions {
  readonly client: string
  /** Where it reads, and where its link for reports leads through. */
  readonly port: number
  readonly linkPort: number
  readonly keys: number
  readonly maxStaleMs: number
  readonly control: Control | undefined
}

/** What it is asked for. */
export type ToReader = { readonly kind: 'read-all' }

/** What it says. */
export type FromReader =
  | {
      readonly kind: 'reads'
      readonly reads: readonly Read[]
      readonly nearHits: number
      readonly failed: number
    }
  | { readonly kind: 'all'; readonly numbers: readonly number[]; readonly live: boolean }

const { client, port, linkPort, keys, maxStaleMs, control } = JSON.parse(
  process.argv[2] ?? '',
) as ReaderOptions
const open = clients[client]
if (open === undefined) throw new Error(`there is no client ${client}`)
const [reads, links] = await Promise.all([open(port), open(linkPort)])
const storage = redisStorage({ ...reads, openConnection: (events) => links.openConnection(events) })
const { cache } = createHoldfast({
  storage: control === undefined ? storage : controls[control](storage),
  prefix: 'torture',
  callTimeoutMs: 2_000,
  cache: { near: { maxStaleMs } },
})

const say = (message: FromReader): void => void process.send?.(message)
const seen: Read[] = []
let failed = 0

async function read(key: number): Promise<number> {
  const at = now()
  const number = await cache.get<number>(String(key))
  // What is not there, or cannot be read now, is not old.
  if (typeof number !== 'number') throw new Error('nothing was read')
  seen.push({ key, number, at })
  return number
}

process.on('disconnect', () => process.exit())
process.on('message', ({ kind }: ToReader) => {
  if (kind !== 'read-all') return
  const all = Array.from({ length: keys }, async (_, key) => await read(key).catch(() => -1))
  void Promise.all(all).then((numbers) =>
    say({ kind: 'all', numbers, live: cache.stats().near?.live ?? false }),
  )
})

let saidAt = now()
for (;;) {
  const key = Math.floor(Math.random() * keys)
  await read(key).catch(() => (failed += 1))
  if (now() - saidAt > 100) {
    saidAt = now()
    say({ kind: 'reads', reads: seen.splice(0), nearHits: cache.stats().near?.hits ?? 0, failed })
  }
  if (Math.random() < 0.2) await delay(1)
}
