// #region bound
import { setTimeout as delay } from 'node:timers/promises'
import { StorageUnavailableError } from '@holdfast/core'
import { close, holdfast } from '../holdfast.ts'

const {
  API = 'http://localhost:8080',
  LIMIT = '100',
  WINDOW_MS = '60000',
  PERMITS = '5',
  CALLS = '10',
} = process.env

/** As many calls as all instances together may have open. */
const open = holdfast.locks.semaphore('geocoder', { permits: Number(PERMITS) })
const counters = holdfast.cache.namespace('geocoder')
const limit = Number(LIMIT)
const windowMs = Number(WINDOW_MS)

class TooManyCalls extends Error {
  readonly retryAfterMs: number

  constructor(retryAfterMs: number) {
    super(`No more calls for up to ${retryAfterMs} ms.`)
    this.retryAfterMs = retryAfterMs
  }
}

async function geocode(address: string): Promise<string> {
  return await open.run({ waitMs: 60_000 }, async (lease) => {
    // What the provider has said to one instance counts for all, for those that waited for a permit meanwhile, too.
    const pausedUntil = await counters.get<number>('paused')
    if (pausedUntil !== undefined) throw new TooManyCalls(Math.max(0, pausedUntil - Date.now()))
    // The window begins with its first call, and ends by the clock of Redis. The counter goes with it.
    const calls = await counters.increment('calls', 1, { ttlMs: windowMs, ttlOn: 'create' })
    if (calls > limit) throw new TooManyCalls(windowMs)
    const response = await fetch(`${API}/?q=${encodeURIComponent(address)}`, { signal: lease.signal })
    if (response.status === 429) {
      const pauseMs = Number(response.headers.get('retry-after') ?? 1) * 1_000
      await counters.set('paused', Date.now() + pauseMs, { ttlMs: pauseMs })
      throw new TooManyCalls(pauseMs)
    }
    return await response.text()
  })
}
// #endregion

// #region job
/** A job that has to be done, but not now: no start before `retryAfterMs` runs it, and none of them counts as done. */
function locate(address: string) {
  return holdfast.idempotency.run(
    'locate',
    address,
    {
      classifyError: (error) =>
        error instanceof TooManyCalls ? { retryAfterMs: error.retryAfterMs } : undefined,
    },
    () => geocode(address),
  )
}
// #endregion

const name = process.argv[2] ?? 'a'
const calls = Array.from({ length: Number(CALLS) }, async (_, index) => {
  for (;;) {
    try {
      const { result } = await locate(`${name} ${index}`)
      return console.log('located', result)
    } catch (error) {
      if (!StorageUnavailableError.isInstance(error)) return console.log('refused', (error as Error).message)
      await delay(300)
    }
  }
})
await Promise.all(calls)
await close()
