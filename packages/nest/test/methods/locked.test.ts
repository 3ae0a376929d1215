import { Injectable } from '@nestjs/common'
import { createHoldfast, memoryStorage } from '@holdfast/core'
import { Locked, Locks, currentLease } from '@holdfast/nest'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { deferred } from '../deferred.ts'
import { appOf, appOver } from './app-of.ts'

describe('@Locked', () => {
  @Injectable()
  class Counter {
    value = 0
    readonly gate = deferred()

    @Locked('counter')
    async increment(): Promise<number> {
      const seen = this.value
      await new Promise(setImmediate)
      this.value = seen + 1
      return this.value
    }

    @Locked((id: string) => `order:${id}`)
    async holding(id: string): Promise<string | undefined> {
      await this.gate.promise
      return `${id} ${currentLease()?.name}`
    }

    later: Promise<string | undefined> | undefined

    @Locked('leaves')
    async leavesSomething(): Promise<string | undefined> {
      this.later = this.gate.promise.then(() => currentLease()?.name)
      return currentLease()?.name
    }

    @Locked('nightly', { whenHeld: 'skip' })
    async nightly(): Promise<string | undefined> {
      await this.gate.promise
      return 'done'
    }

    @Locked('outer', { waitMs: 0 })
    async outer(): Promise<void> {}

    @Locked('around', { whenHeld: 'skip' })
    async around(): Promise<void> {
      await this.outer()
    }

    @Locked('brief', { waitMs: 12_000 })
    async brief(): Promise<void> {}

    @Locked('sync')
    async throwsAtOnce(): Promise<void> {
      throw new TypeError('at once')
    }
  }

  it('runs one call at a time', async () => {
    const app = await appOf(Counter)
    const counter = app.get(Counter)
    await Promise.all(Array.from({ length: 20 }, () => counter.increment()))
    expect(counter.value).toBe(20)
    await app.close()
  })

  it('makes its name of the arguments, and shows its lease', async () => {
    const app = await appOf(Counter)
    const counter = app.get(Counter)
    const running = [counter.holding('1'), counter.holding('2')]
    await expect.poll(async () => (await app.get(Locks).inspect('order:1')).holders.length).toBe(1)
    await expect.poll(async () => (await app.get(Locks).inspect('order:2')).holders.length).toBe(1)
    counter.gate.resolve()
    expect(await Promise.all(running)).toEqual(['1 order:1', '2 order:2'])
    expect(currentLease()).toBeUndefined()
    expect((await app.get(Locks).inspect('order:1')).holders).toEqual([])
    await app.close()
  })

  it('shows no lease to what a method has left running', async () => {
    const app = await appOf(Counter)
    const counter = app.get(Counter)
    expect(await counter.leavesSomething()).toBe('leaves')
    counter.gate.resolve()
    expect(await counter.later).toBeUndefined()
    await app.close()
  })

  it('skips when its options say so, and only when it is the lock that is held', async () => {
    const app = await appOf(Counter)
    const counter = app.get(Counter)
    const first = counter.nightly()
    await expect.poll(async () => (await app.get(Locks).inspect('nightly')).holders.length).toBe(1)
    expect(await counter.nightly()).toBeUndefined()
    counter.gate.resolve()
    expect(await first).toBe('done')
    const lease = await app.get(Locks).acquire('outer')
    await expect(counter.around()).rejects.toMatchObject({ code: 'LOCK_TIMEOUT', lockName: 'outer' })
    await lease.release()
    await app.close()
  })

  it('throws when others hold it too long', async () => {
    const app = await appOf(Counter)
    const lease = await app.get(Locks).acquire('outer')
    await expect(app.get(Counter).outer()).rejects.toMatchObject({
      code: 'LOCK_TIMEOUT',
      lockName: 'outer',
    })
    await lease.release()
    await app.close()
  })

  it('with default options, outlives an owner that died; a wait that is given is kept to', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance', 'Date'] })
    onTestFinished(() => void vi.useRealTimers())
    const storage = memoryStorage()
    const app = await appOver(storage, Counter)
    const dead = createHoldfast({ storage, instance: 'dead' })
    await dead.locks.acquireAll(['counter', 'brief'], { leaseMs: 30_000 })
    // Nothing of it happens any more, and its leases stay.
    await dead.close({ graceMs: 0 })

    const counter = app.get(Counter)
    const calls = Promise.allSettled([counter.increment(), counter.increment(), counter.brief()])
    await vi.advanceTimersByTimeAsync(31_000)
    expect(await calls).toMatchObject([
      { value: 1 },
      { value: 2 },
      { reason: { code: 'LOCK_TIMEOUT', waitedMs: 12_000, holders: [{ owner: 'dead' }] } },
    ])
    await app.close()
  })

  it('passes on what the method throws, and gives the lock back', async () => {
    const app = await appOf(Counter)
    await expect(app.get(Counter).throwsAtOnce()).rejects.toThrow(new TypeError('at once'))
    expect((await app.get(Locks).inspect('sync')).holders).toEqual([])
    await app.close()
  })
})
