import { randomUUID } from 'node:crypto'
import { setImmediate as turn } from 'node:timers/promises'
import type { FaultKind, FaultProxy } from '@holdfast/test-support/proxy'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { clients } from '../src/connect.ts'
import { type Instance, type JobWorld, redisWorld } from '../src/job-world.ts'
import { until } from '../src/poll.ts'
import { writing } from '../src/writing.ts'

describe.concurrent.each(clients)('%s, through a network that fails', (client) => {
  let world: JobWorld
  beforeAll(async () => {
    world = await redisWorld(client, process.env['REDIS_URL'] ?? '', { callTimeoutMs: 2_000 })
  })
  afterAll(async () => world.close())

  const join = async (): Promise<Instance & { readonly proxy: FaultProxy }> => {
    const instance = await world.join()
    // Connected, and the server has its scripts: the following commands are only those of the job.
    await instance.idempotency.run('job', randomUUID(), (execution) => execution.updateProgress(1))
    return instance as Instance & { readonly proxy: FaultProxy }
  }

  const broken: FaultKind[] = ['cut-reply', 'reset-reply', 'cut-request', 'reset-request']

  describe.each(broken)('%s', (fault) => {
    it('on begin: the job is started once, by this caller', async () => {
      const key = randomUUID()
      const { idempotency, proxy } = await join()
      const armed = proxy.once(writing('executing', key), fault)
      let runs = 0
      const result = await idempotency.run('job', key, ({ attempt }) => ((runs += 1), attempt))
      expect([armed.hits, runs, result.status, result.result]).toEqual([1, 1, 'executed', 1])
    })

    it('on finish: the end is recorded, once', async () => {
      const key = randomUUID()
      const { idempotency, proxy } = await join()
      const armed = proxy.once(writing('completed', key), fault)
      const { result } = await idempotency.run('job', key, () => 'r')
      expect([armed.hits, result]).toEqual([1, 'r'])
      const other = await join()
      expect(await other.idempotency.begin('job', key)).toMatchObject({ status: 'replayed', result: 'r' })
    })
  })

  it('a reply to begin that never arrives is an outage, and the key is free again at once', async () => {
    const key = randomUUID()
    const { idempotency, proxy } = await join()
    proxy.once(writing('executing', key), 'lose-reply')
    await expect(idempotency.begin('job', key)).rejects.toMatchObject({
      code: 'STORAGE_UNAVAILABLE',
      maybeApplied: true,
    })
    // Everything on that connection vanishes until it is reopened.
    proxy.reset()
    const other = await join()
    await until(async () => (await other.idempotency.getExecutionStatus('job', key)) === null || undefined)
    expect((await other.idempotency.begin('job', key)).status).toBe('started')
  })

  it('a request to begin that is executed far too late starts nothing', async () => {
    const key = randomUUID()
    const { idempotency, proxy } = await join()
    const held = proxy.once(writing('executing', key), 'hold-request')
    await expect(idempotency.begin('job', key)).rejects.toMatchObject({ code: 'STORAGE_UNAVAILABLE' })
    const executed = proxy.answered(writing('executing', key))
    held.release()
    await executed
    const other = await join()
    expect(await other.idempotency.getExecutionStatus('job', key)).toBeNull()
  })

  it('a reply to finish that never arrives is an unconfirmed success, and it is recorded', async () => {
    const key = randomUUID()
    const { idempotency, proxy } = await join()
    proxy.once(writing('completed', key), 'lose-reply')
    const run = idempotency.run('job', key, { leaseMs: 3_000 }, () => ({ paid: true }))
    await expect(run).rejects.toMatchObject({ code: 'COMPLETION_UNCONFIRMED', result: { paid: true } })
    const other = await join()
    expect(await other.idempotency.begin('job', key)).toMatchObject({ result: { paid: true } })
  })

  it('a finish that never arrives is not confirmed either, never a failure, and the job is taken over', async () => {
    const key = randomUUID()
    const { idempotency, proxy } = await join()
    proxy.once(writing('completed', key), 'lose-request')
    const run = idempotency.run('job', key, { leaseMs: 3_000 }, () => ({ paid: true }))
    await expect(run).rejects.toMatchObject({ code: 'COMPLETION_UNCONFIRMED' })
    const other = await join()
    const again = other.idempotency.run('job', key, { onInProgress: 'wait' }, ({ attempt }) => attempt)
    expect(await again).toMatchObject({ status: 'executed', result: 2 })
  })

  it('a lease survives an outage that is shorter than itself', async () => {
    const key = randomUUID()
    const { idempotency, proxy } = await join()
    const begun = await idempotency.begin('job', key, { leaseMs: 9_000 })
    if (begun.status !== 'started') throw new Error(begun.status)
    proxy.blackHole()
    await proxy.seen(writing('executing', key)) // a renewal, which has no effect
    proxy.reset()
    const writtenAt = await world.now()
    await proxy.heal()
    const { execution } = begun
    const other = await join()
    await until(async () => {
      const status = await other.idempotency.getExecutionStatus('job', key)
      return (status?.updateTime.getTime() ?? 0) > writtenAt || undefined
    })
    expect(execution.signal.aborted).toBe(false)
    await execution.markSuccess('through')
  })

  it('an owner without a connection stops before another process can start', async () => {
    const key = randomUUID()
    const { idempotency, proxy } = await join()
    const other = await join()
    const begun = await idempotency.begin('job', key, { leaseMs: 1_000 })
    if (begun.status !== 'started') throw new Error(begun.status)
    const { signal } = begun.execution
    proxy.blackHole()
    const taken = await other.idempotency.run('job', key, { onInProgress: 'wait' }, async ({ attempt }) => {
      // Both are in one process: if it was held up, the timers that were due get their turn first.
      await turn()
      await turn()
      expect(signal.aborted).toBe(true)
      return attempt
    })
    expect(taken.result).toBe(2)
    proxy.reset()
    await proxy.heal()
    await expect(begun.execution.markSuccess('zombie')).rejects.toMatchObject({ code: 'LEASE_LOST' })
  })

  it('waiters survive the loss of their subscription', async () => {
    const key = randomUUID()
    const [owner, waiter] = [await join(), await join()]
    const begun = await owner.idempotency.begin('job', key)
    if (begun.status !== 'started') throw new Error(begun.status)
    const subscribed = waiter.proxy.answered(({ name }) => name === 'subscribe')
    const waiting = waiter.idempotency.run('job', key, { onInProgress: 'wait' }, () => 'ran twice')
    await subscribed
    waiter.proxy.reset()
    await begun.execution.markSuccess('r')
    expect((await waiting).result).toBe('r')
  })
})
