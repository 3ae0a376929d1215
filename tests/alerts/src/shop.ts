// A separate process: `shop.ts <url of a Redis>`, with an IPC channel. An app as users write it, with traffic and `/metrics`.
// It sends its port first, and then does what it gets orders for: see `Order`.
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createHoldfast } from '@holdfast/core'
import { ioredisStorage } from '@holdfast/redis-ioredis'
import { startPrometheus } from '@holdfast/telemetry/prometheus'
import { Redis } from 'ioredis'
import { register } from 'prom-client'

export type Order =
  /** Runs the job, or waits for it where another process runs it. The job ends with `end`. */
  | { readonly do: 'run'; readonly jobType: string; readonly jobKey: string }
  /** Takes the lock until `end`. */
  | { readonly do: 'hold'; readonly lock: string }
  /** Asks for the lock so many times, and waits. */
  | { readonly do: 'queue'; readonly lock: string; readonly callers: number }
  /** From now on the source of the cache fails, or works. */
  | { readonly do: 'source'; readonly works: boolean }
  | { readonly do: 'end' }

const LEASE_MS = 2_000
process.on('disconnect', () => process.exit()) // the process that started this one is gone

startPrometheus()
const redis = new Redis(process.argv[2] ?? '')
redis.on('error', () => {}) // the tests are there to see what the metrics say of it
const holdfast = createHoldfast({ storage: ioredisStorage(redis), prefix: 'shop', callTimeoutMs: 500 })
const prices = holdfast.cache.namespace('prices')

const server = createServer((_request, response) => {
  register.metrics().then(
    (text) => response.setHeader('content-type', register.contentType).end(text),
    (error: unknown) => response.writeHead(500).end(String(error)),
  )
})
server.listen(0, '127.0.0.1', () => process.send?.((server.address() as AddressInfo).port))

let sourceWorks = true
function load(): number {
  if (!sourceWorks) throw new Error('The source does not answer.')
  return 19.9
}

/** Failures are what the metrics are asked about. */
const attempt = (call: Promise<unknown>): void => void call.catch(() => {})

let count = 0
setInterval(() => {
  count += 1
  attempt(holdfast.locks.run(`order:${count}`, () => {}))
  attempt(holdfast.idempotency.run('mail', `${process.pid}-${count}`, () => 'sent'))
  attempt(holdfast.idempotency.run('mail', `${process.pid}-${count - 5}`, () => 'sent'))
  attempt(prices.getOrCreate(`price:${Math.floor(count / 3)}`, load, { ttlMs: 200 }))
}, 100)

let end: () => void
let ended: Promise<void>
function begin(): void {
  ended = new Promise((resolve) => (end = resolve))
}
begin()

/** Works until an order ends it, or until it has lost its right to. */
async function work({ signal }: { readonly signal: AbortSignal }): Promise<void> {
  const lost = new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()))
  await Promise.race([ended, lost])
}

process.on('message', (order: Order) => {
  if (order.do === 'run') {
    const waiting = { leaseMs: LEASE_MS, onInProgress: 'wait', waitMs: Infinity } as const
    attempt(holdfast.idempotency.run(order.jobType, order.jobKey, waiting, work))
  } else if (order.do === 'hold') {
    attempt(holdfast.locks.run(order.lock, { leaseMs: LEASE_MS }, work))
  } else if (order.do === 'queue') {
    for (let i = 0; i < order.callers; i += 1)
      attempt(holdfast.locks.run(order.lock, { waitMs: Infinity }, () => {}))
  } else if (order.do === 'source') {
    sourceWorks = order.works
  } else {
    end()
    begin()
  }
})
