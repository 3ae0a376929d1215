import { randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { FaultProxy } from '@holdfast/test-support/proxy'
import { clients } from '../src/connect.ts'
import { commandsDuring } from '../src/count-commands.ts'
import { type Instance, type JobWorld, redisWorld } from '../src/job-world.ts'

type Proxied = Instance & { readonly proxy: FaultProxy }

// Counts, never times: those are for the bench.
describe.each(clients)('what %s sends', (client) => {
  let world: JobWorld
  let one: Proxied
  let two: Proxied
  beforeAll(async () => {
    world = await redisWorld(client, process.env['REDIS_URL'] ?? '')
    one = (await world.join()) as Proxied
    two = (await world.join()) as Proxied
    // Connected, the time is known, the scripts are too, the job type was remembered, the subscriber is connected.
    for (const instance of [one, two]) {
      await instance.idempotency.run('job', randomUUID(), (execution) => execution.updateProgress(1))
      const key = randomUUID()
      const other = instance === one ? two : one
      const begun = await other.idempotency.begin('job', key)
      const subscribed = instance.proxy.answered(({ name }) => name === 'subscribe')
      const waiting = instance.idempotency.run('job', key, { onInProgress: 'wait' }, () => 1)
      await subscribed
      if (begun.status === 'started') await begun.execution.release()
      await waiting
    }
  })
  afterAll(async () => world.close())

  /** Ignores clean-up and heartbeats, which may be sent at any time. */
  const during = async (run: () => Promise<unknown>): Promise<string[]> =>
    (await commandsDuring([one.proxy, two.proxy], run)).filter(
      (name) => !['unsubscribe', 'ping'].includes(name),
    )

  it('a fresh job takes two commands, one to start and one to end', async () => {
    expect(await during(() => one.idempotency.run('job', randomUUID(), () => 1))).toHaveLength(2)
  })

  it('a replay takes one, and so do a duplicate and a mismatch', async () => {
    const key = randomUUID()
    await one.idempotency.run('job', key, { fingerprint: 1 }, () => 1)
    expect(await during(() => two.idempotency.run('job', key, () => 2))).toHaveLength(1)
    expect(await during(() => two.idempotency.begin('job', key, { fingerprint: 2 }))).toHaveLength(1)
    const running = randomUUID()
    const begun = await one.idempotency.begin('job', running)
    expect(await during(() => two.idempotency.begin('job', running))).toHaveLength(1)
    // This process needs no command for a job that it executes itself.
    expect(await during(() => one.idempotency.begin('job', running))).toHaveLength(0)
    // Otherwise its renewals would be counted in other tests.
    if (begun.status === 'started') await begun.execution.release()
  })

  it('progress, a checkpoint and an extension take one each', async () => {
    await one.idempotency.run('job', randomUUID(), { progressIntervalMs: 0 }, async (execution) => {
      expect(await during(() => execution.updateProgress(5))).toHaveLength(1)
      expect(await during(() => execution.saveCheckpoint(1))).toHaveLength(1)
      expect(await during(() => execution.extendTimeout(1_000))).toHaveLength(1)
    })
  })

  it('a hundred updates of the progress within one interval take one, and the rest is sent with the end', async () => {
    await one.idempotency.run('job', randomUUID(), { progressIntervalMs: 60_000 }, async (execution) => {
      const sent = await during(async () => {
        for (let i = 0; i < 100; i += 1) await execution.updateProgress(i)
      })
      expect(sent).toHaveLength(1)
    })
  })

  it('a run after a failure takes one more, to read the failure first', async () => {
    const key = randomUUID()
    await one.idempotency.run('job', key, () => Promise.reject(new Error('x'))).catch(() => {})
    expect(await during(() => two.idempotency.run('job', key, () => 1))).toHaveLength(3)
  })

  it('a storm of two processes with fifty callers each takes six', async () => {
    const key = randomUUID()
    let runs = 0
    const sent = await during(async () => {
      const calls = [one, two].flatMap(({ idempotency }) =>
        Array.from({ length: 50 }, () =>
          idempotency.run('job', key, { onInProgress: 'wait' }, async () => {
            runs += 1
            await delay(50)
            return 'r'
          }),
        ),
      )
      const results = await Promise.all(calls)
      expect(results.filter(({ status }) => status === 'executed')).toHaveLength(1)
    })
    expect(runs).toBe(1)
    expect(sent.length).toBeLessThanOrEqual(6)
  })
})
