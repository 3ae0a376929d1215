import type { Code } from '@holdfast/cli/codes'
import { RedisNode } from '@holdfast/test-support/servers'
import { expect } from 'vitest'
import { type Play, becomes } from './stage.ts'

type LockCode = Extract<Code, `LOCK_${string}` | 'NOT_REPLICATED' | 'SELF_DEADLOCK'>

/** The lock of the page. */
export const STOCK = 'stock:42'

export const PLAYS_OF_LOCKS: Readonly<Record<LockCode, Play>> = {
  async LOCK_TIMEOUT(stage) {
    const [one, two] = [stage.open('web-1').locks, stage.open('web-2').locks]
    const hangs = await one.acquire(STOCK)
    await expect(two.acquire(STOCK, { waitMs: 50 })).rejects.toMatchObject({
      code: 'LOCK_TIMEOUT',
      holders: [{ owner: 'web-1' }],
    })
    const next = two.acquire(STOCK, { waitMs: 600_000 })
    next.catch(() => {})
    await becomes(async () => (await one.inspect(STOCK)).waiting === 1)
    expect(await stage.run('locks show')).toContain('web-1')
    expect(await stage.run('lease lock')).toContain('web-1~')
    // The place of the one that timed out may have been given up only now.
    await becomes(async () => (await stage.run('ZRANGE')).includes('web-2~'))
    await stage.run('locks revoke')
    await becomes(() => hangs.signal.aborted)
    expect(hangs.signal.reason).toMatchObject({ code: 'LEASE_LOST', reason: 'revoked' })
    // The last resort: a holder that renews every 100 ms learns of it as soon.
    await (await next).release()
    const lost = await one.acquire(STOCK, { leaseMs: 300 })
    await stage.node.ask('DEL', `{holdfast:l:shop:lock:${STOCK}}:s`)
    await becomes(() => lost.signal.aborted)
    expect((await two.acquire(STOCK)).fencingToken).toBeGreaterThan(lost.fencingToken)
  },
  async LOCK_ABORTED(stage) {
    const [one, two] = [stage.open('web-1').locks, stage.open('web-2').locks]
    await one.acquire(STOCK)
    const caller = new AbortController()
    const waits = two.acquire(STOCK, { signal: caller.signal })
    waits.catch(() => {})
    await becomes(async () => (await one.inspect(STOCK)).waiting === 1)
    caller.abort(new Error('the client hung up'))
    await expect(waits).rejects.toMatchObject({ code: 'LOCK_ABORTED' })
    await becomes(async () => (await stage.run('ZCARD')) === '0')
    expect(await stage.run('locks show')).toContain('web-1')
  },
  async NOT_REPLICATED(stage) {
    const { locks } = stage.open()
    const durability = { replicas: 1, timeoutMs: 100 }
    await expect(locks.acquire(STOCK, { durability })).rejects.toMatchObject({ code: 'NOT_REPLICATED' })
    expect(await stage.run('INFO replication')).toContain('connected_slaves:0')
    await becomes(async () => !(await stage.run('locks show')).includes('web-1'))
    expect(await (await locks.acquire(STOCK, { durability: 'primary' })).release()).toBe('released')
    await stage.node.ask('CONFIG', 'SET', 'repl-diskless-sync-delay', 0)
    const replica = await RedisNode.start({ args: ['--replicaof', '127.0.0.1', String(stage.node.port)] })
    stage.atEnd(() => replica.stop())
    await becomes(async () => /^slave0:.*state=online/m.test(await stage.run('INFO replication')))
    const patient = { replicas: 1, timeoutMs: 10_000 }
    await becomes(async () => {
      const lease = await locks.acquire(STOCK, { durability: patient })
      return (await lease.release()) === 'released'
    })
  },
  async SELF_DEADLOCK(stage) {
    const { locks } = stage.open()
    await locks.run(STOCK, async () => {
      await expect(locks.acquire(STOCK)).rejects.toMatchObject({ code: 'SELF_DEADLOCK' })
      expect(await stage.run('locks show')).toContain('web-1')
      expect(await stage.run('lease lock')).toContain('web-1~')
    })
    expect((await locks.inspect(STOCK)).holders).toEqual([])
  },
}
