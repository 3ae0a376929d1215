import { createConnection } from 'node:net'
import { once } from 'node:events'
import { createHoldfast, type Holdfast, type Storage, memoryStorage } from '@holdfast/core'
import fastify, { type FastifyInstance } from 'fastify'
import { describe, expect, test } from 'vitest'
import { holdfast, holdfastState } from '../src/index.ts'

interface Held {
  readonly app: FastifyInstance
  readonly url: string
  /** Settles when the handler runs. */
  readonly begun: Promise<void>
  readonly finish: () => void
}

/** An app that listens, with a handler that waits until it is let go. */
async function heldApp(storage: Storage, graceMs = 5_000): Promise<Held> {
  const app = fastify()
  const http = { scope: 'global' as const, wait: { maxMs: 20_000 } }
  await app.register(holdfast, { storage, graceMs, http })
  await app.register(holdfastState, { prefix: '/state', authorize: 'public' })
  let begin: () => void = () => undefined
  let finish: () => void = () => undefined
  const begun = new Promise<void>((resolve) => (begin = resolve))
  const finished = new Promise<void>((resolve) => (finish = resolve))
  app.post('/held', { config: { idempotency: true } }, async () => {
    begin()
    await finished
    return { done: true }
  })
  return { app, url: await app.listen({ host: '127.0.0.1', port: 0 }), begun, finish: () => finish() }
}

const send = (url: string): Promise<Response> =>
  fetch(`${url}/held`, {
    method: 'POST',
    headers: { 'idempotency-key': 'k', 'content-type': 'application/json' },
    body: '{}',
  })

/** Sends the request and hangs up. */
async function sendAndHangUp(url: string, begun: Promise<void>): Promise<void> {
  const { port, hostname } = new URL(url)
  const socket = createConnection(Number(port), hostname)
  socket.write(
    'POST /held HTTP/1.1\r\nhost: a\r\nidempotency-key: k\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}',
  )
  await begun
  socket.destroy()
  await once(socket, 'close')
}

/** What the storage says of the request after its app is gone. */
async function recordedBy(other: Holdfast): Promise<string | undefined> {
  const [execution] = (await other.idempotency.list('http:POST /held')).executions
  return execution?.status
}

describe('closing the app', () => {
  test('waits for its requests, records their answers, and only then closes Holdfast', async () => {
    const storage = memoryStorage()
    const { app, url, begun, finish } = await heldApp(storage)
    const answer = send(url)
    await begun
    const closed = app.close()
    expect(await app.holdfast.idempotency.run('other', 'k', () => 1)).toMatchObject({ status: 'executed' })
    finish()
    expect((await answer).status).toBe(200)
    await closed
    await expect(app.holdfast.idempotency.run('other', 'k2', () => 1)).rejects.toMatchObject({
      code: 'CLOSED',
    })
    await using other = createHoldfast({ storage })
    expect(await recordedBy(other)).toBe('completed')
  })

  test('waits for a handler whose client is gone, too', async () => {
    const storage = memoryStorage()
    const { app, url, begun, finish } = await heldApp(storage)
    await sendAndHangUp(url, begun)
    const closed = app.close()
    finish()
    await closed
    await using other = createHoldfast({ storage })
    expect(await recordedBy(other)).toBe('completed')
  })

  test('waits no longer than graceMs; what has not ended is left to its lease', async () => {
    const storage = memoryStorage()
    const { app, url, begun, finish } = await heldApp(storage, 50)
    await sendAndHangUp(url, begun)
    await app.close()
    await using other = createHoldfast({ storage })
    expect(await recordedBy(other)).toBe('executing')
    finish()
  })

  test('lets those go that wait for another instance, and ends event streams', async () => {
    const storage = memoryStorage()
    const owner = await heldApp(storage)
    const running = send(owner.url)
    await owner.begun
    const { app, url } = await heldApp(storage)
    const waiting = send(url)
    const [execution] = (await app.holdfast.idempotency.list('http:POST /held')).executions
    const path = `${encodeURIComponent('http:POST /held')}/${execution?.jobKey}`
    const stream = await fetch(`${url}/state/executions/${path}/events`)
    await app.close()
    expect((await waiting).status).toBe(409)
    expect(await stream.text()).toMatch(/"status":"executing"/)
    owner.finish()
    expect((await running).status).toBe(200)
    await owner.app.close()
  })
})
