import type { ChildProcess } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { FaultProxy } from '@holdfast/test-support/proxy'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { type Idempotency, createHoldfast } from '@holdfast/core'
import { type Connected, clients, connect } from '../src/connect.ts'
import { Processes } from '../src/processes.ts'
import { writing } from '../src/writing.ts'

const url = process.env['REDIS_URL'] ?? ''

/** Short enough to wait for, long enough for a busy machine to renew in time. */
const LEASE = 3_000

describe('processes', () => {
  let connected: Connected
  let idempotency: Idempotency
  beforeAll(async () => {
    connected = await connect('ioredis', url)
    ;({ idempotency } = createHoldfast({ storage: connected.storage, callTimeoutMs: 60_000 }))
    // The server has the scripts then: a lost answer is that of a write, and not NOSCRIPT.
    await idempotency.run('job', randomUUID(), () => 1)
  })
  afterAll(async () => connected[Symbol.asyncDispose]())

  it('50, half on each client, start one key: one runs it, and all have its result', async () => {
    await using processes = new Processes()
    const jobKey = randomUUID()
    const start = (i: number): Promise<ChildProcess> => {
      const client = i % 2 === 0 ? 'ioredis' : 'redis'
      return processes.start({ client, url, jobKey, options: { onInProgress: 'wait' }, body: 'work' })
    }
    // The first two fill the compile cache. Not all start at once, which would only test the scheduler.
    const children = await Promise.all([start(0), start(1)])
    while (children.length < 50) {
      children.push(...(await Promise.all([...Array(8).keys()].map((i) => start(i)))))
    }
    for (const child of children) child.send('go')
    const results = await processes.until('has', 50)
    const ran = processes.sights('ran')
    expect(ran).toHaveLength(1)
    expect(new Set(results.map(({ result }) => result))).toEqual(new Set([`of ${ran[0]?.pid}`]))
    expect(results.filter(({ status }) => status === 'executed')).toHaveLength(1)
    expect(processes.sights('refused')).toEqual([])
  })

  describe.each(clients)('%s', (client) => {
    it('exactly one waiter succeeds a killed process, with its checkpoint', async () => {
      await using processes = new Processes()
      const jobKey = randomUUID()
      const common = { client, url, jobKey } as const
      const victim = await processes.start({ ...common, options: { leaseMs: LEASE }, body: 'hang' })
      const options = { onInProgress: 'wait' } as const
      const others = await Promise.all(
        [1, 2].map(() => processes.start({ ...common, options, body: 'work' })),
      )
      victim.send('go')
      await processes.until('saved')
      for (const other of others) other.send('go')
      victim.kill('SIGKILL')
      const left = await idempotency.getExecutionStatus('job', jobKey)
      const results = await processes.until('has', 2)
      const ran = processes.sights('ran')
      expect(ran.map(({ attempt, checkpoint }) => [attempt, checkpoint])).toEqual([
        [1, undefined],
        [2, `by ${victim.pid}`],
      ])
      expect(Number(ran[1]?.['fencingToken'])).toBeGreaterThan(Number(ran[0]?.['fencingToken']))
      expect(results.map(({ result }) => result)).toEqual([`of ${ran[1]?.pid}`, `of ${ran[1]?.pid}`])
      const next = await idempotency.getExecutionStatus('job', jobKey)
      // Not before the lease was over, unless the machine was so slow that no process saw the record of the dead one.
      if (left?.attempt === 1 && next !== null) {
        expect(next.startTime.getTime()).toBeGreaterThanOrEqual(left.updateTime.getTime() + LEASE)
      }
    })

    it.each(['executing', 'completed'])(
      'one whose answer is lost when it makes the job %s runs it all the same, and no other does',
      async (status) => {
        await using processes = new Processes()
        const proxy = await FaultProxy.start({ target: { port: Number(new URL(url).port) } })
        onTestFinished(() => proxy.stop())
        const jobKey = randomUUID()
        const armed = proxy.once(writing(status, jobKey), 'cut-reply')
        const options = { onInProgress: 'wait' } as const
        const common = { client, jobKey, options, body: 'work' } as const
        const unlucky = await processes.start({ ...common, url: proxy.url })
        const others = await Promise.all([1, 2].map(() => processes.start({ ...common, url })))
        unlucky.send('go')
        // They have to find the record of the process that lost its reply.
        await processes.until('ran')
        for (const other of others) other.send('go')
        const results = await processes.until('has', 3)
        expect(armed.hits).toBe(1)
        expect(processes.sights('ran')).toMatchObject([{ pid: unlucky.pid, attempt: 1 }])
        expect(new Set(results.map(({ result }) => result))).toEqual(new Set([`of ${unlucky.pid}`]))
        const executed = results.filter((sight) => sight['status'] === 'executed')
        expect(executed.map(({ pid }) => pid)).toEqual([unlucky.pid])
        expect(processes.sights('refused')).toEqual([])
      },
    )

    it('several fire for one slot of a schedule: one works, is killed, and another takes over; late ones do nothing', async () => {
      await using processes = new Processes()
      const slot = { at: await connected.storage.time(), everyMs: 3_600_000 }
      const common = { client, url, jobKey: randomUUID(), slot, body: 'firstHangs' } as const
      const options = { leaseMs: LEASE } as const
      const children = await Promise.all([1, 2, 3, 4].map(() => processes.start({ ...common, options })))
      for (const child of children) child.send('go')
      const [first] = await processes.until('saved')
      const victim = children.find(({ pid }) => pid === first?.pid)
      victim?.kill('SIGKILL')
      const results = await processes.until('has', 3)
      const ran = processes.sights('ran')
      expect(ran.map(({ attempt, checkpoint }) => [attempt, checkpoint])).toEqual([
        [1, undefined],
        [2, `by ${victim?.pid}`],
      ])
      const result = `of ${ran[1]?.pid}`
      expect(results.map((sight) => String(sight['status'])).sort()).toEqual([
        'executed',
        'skipped',
        'skipped',
      ])
      expect(results.map((sight) => sight['result'])).toEqual([result, result, result])
      const late = await processes.start({ ...common, options })
      late.send('go')
      const [, , , last] = await processes.until('has', 4)
      expect(last).toMatchObject({ pid: late.pid, status: 'skipped', result })
      expect(processes.sights('ran')).toHaveLength(2)
      expect(processes.sights('refused')).toEqual([])
    })

    it('a frozen process changes nothing when it resumes, and gets what its successor recorded', async () => {
      await using processes = new Processes()
      const jobKey = randomUUID()
      const common = { client, url, jobKey } as const
      const zombie = await processes.start({ ...common, options: { leaseMs: LEASE }, body: 'freeze' })
      const options = { onInProgress: 'wait' } as const
      const successor = await processes.start({ ...common, options, body: 'work' })
      zombie.send('go')
      await processes.until('saved')
      zombie.kill('SIGSTOP')
      successor.send('go')
      const [result] = await processes.until('has')
      expect(result).toMatchObject({ pid: successor.pid, status: 'executed', attempt: 2 })
      const before = await idempotency.getExecutionStatus('job', jobKey)
      zombie.kill('SIGCONT')
      zombie.send('go')
      const [refused] = await processes.until('refused')
      expect(refused).toMatchObject({ pid: zombie.pid, code: 'LEASE_LOST', current: `of ${successor.pid}` })
      expect(processes.sights('progress refused')).toMatchObject([{ pid: zombie.pid, code: 'LEASE_LOST' }])
      expect(processes.sights('aborted')).toMatchObject([{ pid: zombie.pid, code: 'LEASE_LOST' }])
      expect(processes.sights('has')).toHaveLength(1)
      expect(await idempotency.getExecutionStatus('job', jobKey)).toEqual(before)
    })
  })
})
