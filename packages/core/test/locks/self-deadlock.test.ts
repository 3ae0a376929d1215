import { describe, expect, it } from 'vitest'
import { settle } from '../manual-runtime.ts'
import { createWorld } from './world.ts'

const selfDeadlock = { code: 'SELF_DEADLOCK' }

describe('inside run', () => {
  it('refuses to wait for a lock that an enclosing body holds, before anything is sent', async () => {
    const { commands, join } = createWorld()
    const { locks } = join()
    await locks.run('a', async () => {
      commands.length = 0
      await expect(locks.acquire('a')).rejects.toMatchObject(selfDeadlock)
      await expect(locks.run('a', () => 1)).rejects.toMatchObject(selfDeadlock)
      expect(commands).toEqual([])
      await expect(locks.acquireAll(['0', 'a'])).rejects.toMatchObject(selfDeadlock)
      await locks.run('b', async () => {
        await expect(locks.acquire('a')).rejects.toMatchObject(selfDeadlock)
      })
    })
    expect((await locks.inspect('0')).holders).toEqual([])
    expect((await locks.inspect('a')).waiting).toBe(0)
  })

  it('detects a lock that an enclosing body of another instance in this process holds', async () => {
    const { join } = createWorld()
    const [one, other] = [join().locks, join().locks]
    await one.run('a', async () => {
      await expect(other.acquire('a')).rejects.toMatchObject(selfDeadlock)
    })
    await settle()
    expect((await one.inspect('a')).waiting).toBe(0)
  })

  it('allows everything that is not a deadlock', async () => {
    const { runtime, join } = createWorld()
    const { locks } = join()
    const semaphore = locks.semaphore('s', { permits: 2 })
    await locks.run('a', async (outer) => {
      expect(await locks.tryAcquire('a')).toBeNull()
      await (await locks.acquire('b')).release()
      await (await join({ prefix: 'other' }).locks.acquire('a')).release()
      await outer.release()
      await (await locks.acquire('a')).release()
    })
    await semaphore.run(async () => {
      await semaphore.run(async () => {
        await expect(semaphore.acquire()).rejects.toMatchObject(selfDeadlock)
      })
      const foreign = await join().locks.semaphore('s', { permits: 2 }).acquire()
      const waiting = semaphore.acquire()
      await settle()
      await foreign.release()
      await (await waiting).release()
    })
    let later: Promise<unknown> | undefined
    let go = (): void => undefined
    await locks.run('a', async () => {
      later = new Promise<void>((resolve) => (go = resolve)).then(() => locks.acquire('a'))
      await Promise.resolve()
    })
    go()
    await expect(later).resolves.toBeDefined()
    await runtime.advance(1)
  })

  it('does not treat a lost lease as held', async () => {
    const { runtime, join } = createWorld()
    const { locks, link } = join()
    await locks.run('a', { leaseMs: 1_000 }, async () => {
      link.blackHole = true
      await runtime.advance(1_200)
      link.blackHole = false
      const lease = await locks.acquire('a')
      lease.assertValid()
    })
  })
})

it('is not seen outside of run', async () => {
  const { runtime, join } = createWorld()
  const { locks } = join()
  await locks.acquire('a')
  const waiting = expect(locks.acquire('a', { waitMs: 100 })).rejects.toMatchObject({ code: 'LOCK_TIMEOUT' })
  await runtime.advance(100)
  await waiting
})
