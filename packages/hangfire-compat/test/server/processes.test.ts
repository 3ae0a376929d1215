import { describe, it } from 'vitest'
import { type ClientName, clients } from '../locks/node-peer.ts'
import { IMPATIENT } from './jobs.ts'
import { type Stage, openStage, url } from './open-server.ts'
import { startWorker } from './start-worker.ts'
import { witnessedBody } from './witnessed-body.ts'
import { openStorage } from './worker-storage.ts'

const PATIENT = { timeout: 200_000 }

/** A prefix of Node's own, for a process and this one. */
async function openShared(client: ClientName): Promise<Stage & { witnessed(): Promise<string[]> }> {
  const { storage, close } = await openStorage(client, url)
  const stage = await openStage(client, { mode: 'own' }, url, storage)
  return {
    ...stage,
    witnessed: () => stage.redis.lrange(stage.key('witness'), 0, -1),
    async [Symbol.asyncDispose]() {
      await stage[Symbol.asyncDispose]()
      close()
    },
  }
}

describe.concurrent.for(clients)('processes over %s', (client) => {
  it('H6, H8: what a killed one ran is put back once and run by another, but not what core has recorded', async ({
    expect,
  }) => {
    await using stage = await openShared(client)
    const { prefix, redis } = stage
    await using first = await startWorker({ client, url, prefix, name: 'first' })
    const quick = await stage.enqueue('quick')
    await expect.poll(async () => (await stage.job(quick)).state, PATIENT).toBe('Succeeded')
    const [held, locked] = [await stage.enqueue('held'), await stage.enqueue('locked')]
    await expect.poll(async () => (await stage.witnessed()).length, PATIENT).toBe(5)
    // Core has the result, and Hangfire waits for the lock.
    const jobKey = `hangfire:${prefix}:${locked}`
    await expect
      .poll(
        async () =>
          (await stage.holdfast.idempotency.getExecutionStatus('Acme.Contracts.INodeJobs.Echo', jobKey))
            ?.status,
        PATIENT,
      )
      .toBe('completed')
    for (const id of [held, locked]) expect(await stage.states(id)).toEqual(['Enqueued', 'Processing'])
    await first.kill()
    await redis.del(stage.key(`job:${locked}:state-lock`))

    const server = await stage.serve(
      [witnessedBody({ redis, prefix, name: 'second' }, () => {})],
      { concurrency: 3, name: 'second' },
      IMPATIENT,
    )
    await expect.poll(async () => await stage.witnessed(), PATIENT).toContain('held begun by second')
    await expect.poll(async () => (await stage.job(locked)).state, PATIENT).toBe('Succeeded')
    expect((await stage.job(locked)).details).toMatchObject({ result: '"locked"' })
    expect(await stage.states(held)).toEqual(['Enqueued', 'Processing', 'Processing'])
    expect((await stage.witnessed()).toSorted()).toEqual([
      'held begun by first',
      'held begun by second',
      'locked begun by first',
      'locked returned by first',
      'quick begun by first',
      'quick returned by first',
    ])
    expect(await redis.lrange(stage.key('queue:node:dequeued'), 0, -1)).toEqual([held])
    // Its heartbeat has ended: in a prefix of Node's own the other one removes it.
    await expect.poll(async () => await redis.smembers(stage.key('servers')), PATIENT).toEqual([server.id])
    expect(first.said.some(({ type }) => type === 'unhandled')).toBe(false)
  })

  it('H5: one that stood still beyond its time changes nothing when it goes on; one that is stopped ends by itself', async ({
    expect,
  }) => {
    await using stage = await openShared(client)
    const { prefix, redis } = stage
    await using first = await startWorker({ client, url, prefix, name: 'first' })
    const still = await stage.enqueue('held still')
    await expect.poll(async () => (await stage.witnessed()).length, PATIENT).toBe(1)
    first.child.kill('SIGSTOP')
    const server = await stage.serve(
      [witnessedBody({ redis, prefix, name: 'second' }, () => {})],
      { concurrency: 1, name: 'second' },
      IMPATIENT,
    )
    await expect.poll(async () => await stage.witnessed(), PATIENT).toContain('held still begun by second')
    const history = await stage.states(still)
    first.child.kill('SIGCONT')
    await expect
      .poll(() => first.said, PATIENT)
      .toContainEqual({ type: 'aborted', text: 'held still', code: 'LEASE_LOST' })
    // It announces itself again, since it was removed, and takes jobs as before: the other one is busy.
    const other = await stage.enqueue('held to the end')
    await expect
      .poll(async () => await stage.witnessed(), PATIENT)
      .toContain('held to the end begun by first')
    expect((await redis.smembers(stage.key('servers'))).toSorted()).toEqual([first.id, server.id].toSorted())
    expect(await stage.states(still)).toEqual(history)
    expect((await stage.job(still)).details).toMatchObject({ name: 'Processing', serverId: server.id })

    await first.stop()
    expect(first.child.exitCode).toBe(0)
    expect(first.said.slice(-2)).toEqual([
      { type: 'aborted', text: 'held to the end', code: 'CLOSED' },
      { type: 'stopped' },
    ])
    expect(first.said.some(({ type }) => type === 'unhandled')).toBe(false)
    expect(await redis.lrange(stage.key('queue:node'), 0, -1)).toEqual([other])
    expect(await redis.smembers(stage.key('servers'))).toEqual([server.id])
  })
})
