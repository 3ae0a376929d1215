import { setTimeout as delay } from 'node:timers/promises'
import { createHoldfast, createLocks } from '@holdfast/core'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { clients } from '../src/connect.ts'
import { openServer } from '../src/open-server.ts'

describe.each(clients)('closing, over %s', (client) => {
  it('does not wait for a frozen server, although a caller had subscribed', async () => {
    const { node, storage } = await openServer(client)
    const holdfast = createHoldfast({ storage, callTimeoutMs: 3_000 })
    await holdfast.locks.acquire('frozen')
    const waiting = holdfast.locks.acquire('frozen', { waitMs: 60_000 })
    waiting.catch(() => {})
    await expect.poll(() => node.ask('PUBSUB', 'CHANNELS', '{holdfast:*')).not.toHaveLength(0)

    node.pause()
    onTestFinished(() => node.resume())
    // It takes three seconds; a heartbeat of the subscription's connection would end it after 20.
    const closed = holdfast.close({ graceMs: 100 }).then(() => 'closed')
    expect(await Promise.race([closed, delay(15_000, 'waits for the server')])).toBe('closed')
    await expect(waiting).rejects.toMatchObject({ code: 'LOCK_ABORTED' })
  })

  it('leaves the storage to another instance that shares it', async () => {
    const { node, storage } = await openServer(client)
    const join = () => createHoldfast({ storage, callTimeoutMs: 20_000 })
    const [a, b, c] = [join(), join(), join()]
    const held = await c.locks.acquire('shared')
    const [waitsWithA, waitsWithB] = [a.locks.acquire('shared'), b.locks.acquire('shared')]
    waitsWithA.catch(() => {})
    await expect.poll(async () => (await b.locks.inspect('shared')).waiting).toBe(2)
    await a.close()
    await expect(waitsWithA).rejects.toMatchObject({ code: 'LOCK_ABORTED' })
    await held.release()
    await (await waitsWithB).release()
    expect(await b.health()).toMatchObject({ status: 'up', connection: 'ready' })
    await b.close()
    await c.close()
    await expect.poll(() => node.ask('CLIENT', 'LIST', 'TYPE', 'pubsub')).toBe('')
  })

  it.for(['locks alone', 'another copy of the package'])('leaves the storage to %s', async (who) => {
    const { node, storage } = await openServer(client)
    vi.resetModules()
    const { createHoldfast: createOther } = await import('@holdfast/core')
    expect(createOther).not.toBe(createHoldfast)
    const holdfast = createHoldfast({ storage })
    const other = who === 'locks alone' ? undefined : createOther({ storage })
    const locks = other?.locks ?? createLocks(storage)
    const held = await locks.acquire('shared')
    const waiting = locks.acquire('shared', { waitMs: 60_000 })
    await expect.poll(() => node.ask('PUBSUB', 'CHANNELS', '{holdfast:*')).not.toHaveLength(0)
    await holdfast.close()
    expect(await node.ask('PUBSUB', 'CHANNELS', '{holdfast:*')).not.toHaveLength(0)
    await held.release()
    await (await waiting).release()
    // It still notices when the client reconnects.
    await node.ask('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes')
    await (await locks.acquire('shared')).release()
    await (other ?? locks).close()
    await expect.poll(() => node.ask('CLIENT', 'LIST', 'TYPE', 'pubsub')).toBe('')
  })
})
