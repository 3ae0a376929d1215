import { createLocks } from '@holdfast/core'
import { matchCommand } from '@holdfast/test-support/proxy'
import { Replicated } from '@holdfast/test-support/servers'
import { type TestContext, afterAll, describe, expect, it } from 'vitest'
import { clients, connect } from '../src/connect.ts'

const servers = await Replicated.start({ replicas: 1 })
afterAll(async () => await servers.stop())

describe.concurrent.each(clients)('durability over %s', (client) => {
  const join = async (onTestFinished: TestContext['onTestFinished']) => {
    const endpoint = await servers.anotherEndpoint()
    const { storage, ...connected } = await connect(client, endpoint.url)
    const locks = createLocks(storage, { callTimeoutMs: 20_000 })
    onTestFinished(async () => {
      await locks.close()
      await connected[Symbol.asyncDispose]()
    })
    return { endpoint, storage, locks }
  }

  it('opens another connection when the one that waits for replicas leads into a black hole', async ({
    onTestFinished,
  }) => {
    const { endpoint, locks } = await join(onTestFinished)
    const durability = { replicas: 1, timeoutMs: 300 }
    const lost = endpoint.once(matchCommand('wait'), 'lose-request')
    const lease = await locks.acquire(client, { durability, leaseMs: 600_000 })
    await lost.hit
    const lostAgain = endpoint.once(matchCommand('wait'), 'lose-reply')
    await lease.extend(10_000)
    await lostAgain.hit
    expect(await lease.release()).toBe('released')
  })

  it('closes although that connection leads into a black hole', async ({ onTestFinished }) => {
    const { endpoint, storage, locks } = await join(onTestFinished)
    const lost = endpoint.once(matchCommand('wait'), 'lose-request')
    const durability = { replicas: 1, timeoutMs: 60_000 }
    const waiting = locks.acquire(`${client}-closed`, { durability })
    waiting.catch(() => {})
    await lost.hit
    await locks.close()
    await storage.close()
    await expect(waiting).rejects.toMatchObject({ code: 'LOCK_ABORTED' })
  })
})
