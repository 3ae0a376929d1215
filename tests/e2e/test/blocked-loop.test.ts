import { stat } from 'node:fs'
import { createHoldfast } from '@holdfast/core'
import { expect, it, onTestFinished, vi } from 'vitest'
import { clients, connect } from '../src/connect.ts'

const CALL_TIMEOUT_MS = 250
/** Longer than any call may take. */
const BLOCKED_MS = 600

/** Blocks the event loop where it goes on with its timers before it reads a socket, and sends `calls` just before. */
async function blockAfter<T>(calls: () => Promise<T>): Promise<T> {
  return new Promise((resolve) => {
    stat(import.meta.filename, () => {
      resolve(calls())
      const until = performance.now() + BLOCKED_MS
      while (performance.now() < until);
    })
  })
}

it.for(clients)('a blocked event loop is no outage, over %s', async (client) => {
  const { storage, ...connected } = await connect(client, process.env['REDIS_URL'] ?? '')
  const { cache, ...holdfast } = createHoldfast({ storage, callTimeoutMs: CALL_TIMEOUT_MS })
  onTestFinished(async () => {
    await holdfast.close()
    await connected[Symbol.asyncDispose]()
  })
  // On a busy machine the first call, which also opens the connection, may not be done in 250 ms.
  await vi.waitFor(() => cache.set('blocked', 'value'), { timeout: 120_000 })
  for (let time = 0; time < 3; time += 1) {
    expect(await blockAfter(() => cache.get('blocked'))).toBe('value')
  }
})
