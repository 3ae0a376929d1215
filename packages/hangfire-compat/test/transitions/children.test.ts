import { randomUUID } from 'node:crypto'
import { Redis } from 'ioredis'
import { afterAll, describe, it } from 'vitest'
import { defineHangfireJob, t } from '../../src/index.ts'
import { hangfireJobs } from '../../src/client/hangfire-jobs.ts'
import { changeState } from '../../src/transitions/change-state.ts'
import { decodeContinuations } from '../../src/wire/continuations.ts'
import { hangfireKeys } from '../../src/wire/keys.ts'
import { DotnetPeer, generations } from '../peer/dotnet-peer.ts'
import { countPauses } from './count-pauses.ts'
import { openContext } from './open-context.ts'

const url = process.env['REDIS_URL'] ?? ''
const admin = new Redis(url)
afterAll(() => admin.disconnect())

const job = defineHangfireJob({ type: 'Acme.Mail, Acme', method: 'Send', parameters: [t.string] })
const call = { fields: { Type: 'Acme.Mail, Acme', Method: 'Send', ParameterTypes: '[]', Arguments: '[]' } }
const ANY = 0

const succeeded = (succeededAt: number) => [
  { name: 'Succeeded', succeededAt, performanceMs: 1, latencyMs: 1 } as const,
]

/** A .NET process that has listed a child, and whose next round trip is the transaction that gives the child its state. */
async function listsChild(prefix: string, generation: (typeof generations)[number], parentId: string) {
  let resolveGate: (how: 'goes on' | 'has died') => void
  const gate = new Promise<'goes on' | 'has died'>((resolve) => (resolveGate = resolve))
  let resolveListed: () => void
  const listed = new Promise<void>((resolve) => (resolveListed = resolve))
  const peer = new DotnetPeer(url, generation, {
    prefix,
    async pace(commands, send) {
      if (commands.some(([, , field, state]) => field === 'State' && state === 'Awaiting')) {
        resolveListed()
        if ((await gate) === 'has died') throw new Error('killed')
      }
      return await send()
    },
  })
  const child = peer.jobs.continueWith(parentId, call, ANY)
  child.catch(() => {})
  await listed
  return {
    child,
    goOn: () => resolveGate('goes on'),
    die: () => resolveGate('has died'),
    [Symbol.dispose]: () => peer[Symbol.dispose](),
  }
}

describe.concurrent.for(generations)('a child that .NET %s lists before it has a state', (generation) => {
  it('starts: the end of its parent waits for the state', async ({ expect }) => {
    const keys = hangfireKeys(`{${randomUUID()}}:`)
    const { runtime, pauses } = countPauses()
    await using open = await openContext('ioredis', url, { prefix: keys.prefix, runtime })
    const jobs = hangfireJobs(open.context)
    const parent = await jobs.enqueue(job, ['ann'])
    using creator = await listsChild(keys.prefix, generation, parent)
    const ending = changeState(open.context, { id: parent, steps: succeeded })
    await expect.poll(pauses).toBeGreaterThanOrEqual(2)
    creator.goOn()
    const child = await creator.child
    expect(await ending).toEqual({ outcome: 'changed' })
    expect(await admin.hmget(keys.job(parent), 'State')).toEqual(['Succeeded'])
    expect(await admin.hget(keys.job(child), 'State')).toBe('Enqueued')
    jobs.close()
  })

  it('is left alone when its creator has died: the parent ends after a while', async ({ expect }) => {
    const keys = hangfireKeys(`{${randomUUID()}}:`)
    await using open = await openContext('ioredis', url, { prefix: keys.prefix, childStateWaitMs: 100 })
    const jobs = hangfireJobs(open.context)
    const parent = await jobs.enqueue(job, ['ann'])
    using creator = await listsChild(keys.prefix, generation, parent)
    creator.die()
    await expect(creator.child).rejects.toThrow('killed')
    expect(await changeState(open.context, { id: parent, steps: succeeded })).toEqual({ outcome: 'changed' })
    const [child] = decodeContinuations((await admin.hget(keys.job(parent), 'Continuations')) ?? '')
    expect(await admin.hget(keys.job(child?.jobId ?? ''), 'State')).toBeNull()
    jobs.close()
  })
})

describe('the end of a job', () => {
  it('waits for 60 s for the state of a child, as .NET does, unless another time is given', async ({
    expect,
  }) => {
    await using open = await openContext('ioredis', url, { prefix: '{x}:' })
    expect(open.context.childStateWaitMs).toBe(60_000)
  })
})
