import { describe, it } from 'vitest'
import { encodeCall } from '../../src/jobs/job-definition.ts'
import { handle } from '../../src/server/handle.ts'
import { createJob } from '../../src/transitions/create-job.ts'
import { encodeContinuations } from '../../src/wire/continuations.ts'
import { clients } from '../locks/node-peer.ts'
import { DotnetPeer } from '../peer/dotnet-peer.ts'
import { echo, openStage, url } from './open-server.ts'

describe.concurrent.for(clients)('a result over %s', (client) => {
  it('is of one run: jobs with the same key get it without another (H8)', async ({ expect }) => {
    await using stage = await openStage(client)
    let runs = 0
    await stage.serve(
      [
        handle(echo, { idempotency: { key: ([text]) => `text:${text}` } }, ([text], job) => {
          runs += 1
          return { text, key: job.jobKey }
        }),
      ],
      { concurrency: 1 },
    )
    const ids = [await stage.enqueue('same'), await stage.enqueue('same')]
    for (const id of ids)
      await expect
        .poll(async () => (await stage.job(id)).details)
        .toMatchObject({ result: '{"text":"same","key":"text:same"}' })
    expect(runs).toBe(1)
  })

  it('of a job that was requeued after it had succeeded is computed anew', async ({ expect }) => {
    await using stage = await openStage(client)
    using peer = new DotnetPeer(url, '1.12.0', { prefix: stage.prefix })
    let runs = 0
    await stage.serve([handle(echo, {}, () => (runs += 1))])
    const id = await stage.enqueue('again')
    await expect.poll(async () => (await stage.job(id)).details).toMatchObject({ result: '1' })
    await peer.jobs.requeue(id, { queue: 'node' })
    await expect.poll(async () => (await stage.job(id)).details).toMatchObject({ result: '2' })
    expect(await stage.redis.get(stage.key('stats:succeeded'))).toBe('1')
  })

  it('starts the jobs that wait for it, and deletes those whose condition it does not meet (H4)', async ({
    expect,
  }) => {
    await using stage = await openStage(client)
    const ran: string[] = []
    const dialect = await stage.context.dialect()
    const child = async (id: string, on: 'succeeded' | 'deleted'): Promise<void> => {
      await createJob(stage.context, {
        id,
        invocation: encodeCall(echo, [id], dialect),
        steps: () => [{ name: 'Awaiting', parentId: 'parent', on, nextState: { queue: 'node' } }],
      })
    }
    await Promise.all([child('yes', 'succeeded'), child('no', 'deleted')])
    await stage.enqueue('parent', { id: 'parent', queue: 'elsewhere' })
    await stage.redis.hset(
      stage.key('job:parent'),
      'Continuations',
      encodeContinuations([
        { jobId: 'yes', on: 'succeeded' },
        { jobId: 'no', on: 'deleted' },
      ]),
    )
    await stage.redis.lpush(stage.key('queue:node'), 'parent')
    await stage.serve([handle(echo, {}, ([text]) => void ran.push(text))])
    await expect.poll(async () => (await stage.job('yes')).state).toBe('Succeeded')
    expect(ran).toEqual(['parent', 'yes'])
    expect((await stage.job('no')).details).toMatchObject({
      name: 'Deleted',
      reason: 'Continuation condition was not met',
    })
  })

  it('is none where the body returns nothing, and is left out where it is too large to keep', async ({
    expect,
  }) => {
    await using stage = await openStage(client)
    await stage.serve([
      handle(echo, { idempotency: { maxResultBytes: 10 } }, ([text]) => (text === '' ? undefined : text)),
    ])
    const [nothing, large] = [await stage.enqueue(''), await stage.enqueue('x'.repeat(100))]
    await expect.poll(async () => (await stage.job(nothing)).state).toBe('Succeeded')
    expect((await stage.job(nothing)).details).not.toHaveProperty('result')
    // Hangfire has it: the limit is that of core's record.
    await expect
      .poll(async () => (await stage.job(large)).details)
      .toMatchObject({ result: JSON.stringify('x'.repeat(100)) })
  })

  it('is deleted with its job where the execution was cancelled', async ({ expect }) => {
    await using stage = await openStage(client)
    await stage.serve([
      handle(echo, {}, async (_, job) => {
        await stage.holdfast.idempotency.requestCancel(job.jobType, job.jobKey, { reason: 'enough' })
        job.signal.throwIfAborted()
      }),
    ])
    const id = await stage.enqueue('cancelled')
    await expect.poll(async () => (await stage.job(id)).details?.reason).toBe('Cancelled: enough')
    expect((await stage.job(id)).state).toBe('Deleted')
  })
})
