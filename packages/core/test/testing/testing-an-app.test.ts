import { describe, expect, it } from 'vitest'
import { createHoldfast, memoryStorage } from '../../src/index.ts'
import { type FakeTime, fakeTime, faultyStorage } from '../../src/testing/index.ts'

const never = new Promise<never>(() => undefined)

function world() {
  const time = fakeTime()
  const storage = memoryStorage({ now: time.now })
  const link = faultyStorage(storage)
  const process = (runtime: FakeTime, through = storage) => createHoldfast({ storage: through, runtime })
  return { time, storage, link, process }
}

describe('a time that stands still', () => {
  it('renews a lease when it is moved, and lets one pass whose owner stands still', async () => {
    const { time, process } = world()
    const dead = process(fakeTime())
    const alive = process(time)
    void alive.idempotency.run('job', 'renewed', () => never)
    void dead.idempotency.run('job', 'passed', () => never)
    await time.advance(29_000)
    await time.advance(29_000)
    expect((await alive.idempotency.run('job', 'passed', async () => 'b')).result).toBe('b')
    const renewed = await alive.idempotency.run('job', 'renewed', { onInProgress: 'skip' }, async () => 'b')
    expect(renewed.status).toBe('skipped')
  })

  it('refuses a step that is none', async () => {
    await expect(fakeTime().advance(-1)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
    expect(() => fakeTime().freeze(NaN)).toThrow(/ms/)
  })

  it('steps the clock of this machine alone', () => {
    const time = fakeTime(5_000)
    time.stepWall(-1_000)
    expect([time.wallNow(), time.now(), time.timers]).toEqual([4_000, 5_000, 0])
  })
})

describe('a link that a test breaks', () => {
  it('sends nothing without a connection, in a bounded time', async () => {
    const { time, link, process } = world()
    const { locks, idempotency, cache, health } = process(time, link)
    link.disconnect()
    const calls = [
      locks.acquire('a'),
      idempotency.run('job', 'a', async () => 'done'),
      cache.set('a', 1),
      cache.increment('b'),
    ].map((call) => call.then(() => 'done').catch((error: { code: string }) => error.code))
    const report = health()
    await time.advance(60_000)
    expect(await Promise.all(calls)).toEqual(Array.from({ length: 4 }, () => 'STORAGE_UNAVAILABLE'))
    expect((await report).status).toBe('down')
  })

  it('does not disturb others, and sends what still waits when it is whole', async () => {
    const { time, storage, link, process } = world()
    const cut = process(time, link)
    link.disconnect()
    const waits = cut.idempotency.run('job', 'a', async () => 'cut')
    await process(time, storage).locks.run('a', async () => undefined)
    await time.advance(1_000)
    link.reconnect()
    expect((await waits).result).toBe('cut')
  })

  it('passes pushes on, and after a gap has its subscribers look', async () => {
    const { time, storage, link, process } = world()
    const other = process(time, storage)
    const lease = await other.locks.acquire('a')
    let granted = false
    const waits = process(time, link)
      .locks.acquire('a', { waitMs: 20_000 })
      .then(() => (granted = true))
    await time.advance(0)
    link.disconnect()
    await lease.release()
    await time.advance(0)
    expect(granted).toBe(false)
    link.reconnect()
    // At once, and not when it polls.
    await time.advance(0)
    await waits
    expect(granted).toBe(true)
  })

  it('has subscribers of records, leases and values look after a gap, until they stop', async () => {
    const { link } = world()
    const heard: unknown[] = []
    const stopRecords = await link.records.subscribe({ collection: 'c', id: 'i' }, () => heard.push('record'))
    const stopLeases = await link.leases.listen('p', (push) => heard.push(push.kind))
    const stopValues = await link.values.subscribe('k', () => heard.push('value'))
    link.disconnect()
    link.reconnect()
    expect(heard).toEqual(['record', 'gap', 'value'])
    stopValues()
    await Promise.all([stopRecords(), stopLeases()])
    link.disconnect()
    link.reconnect()
    expect(heard).toHaveLength(3)
  })

  it('loses the reply of a command that took effect, which is sent again and has the same outcome', async () => {
    const { time, storage, link, process } = world()
    const { idempotency } = process(time, link)
    let runs = 0
    const running = idempotency.run('job', 'a', async () => {
      link.loseNextReply()
      return (runs += 1)
    })
    await time.advance(1_000)
    expect(link.connection.state).toBe('down')
    // It is recorded, as every other process sees.
    const other = await process(time, storage).idempotency.run('job', 'a', async () => (runs += 1))
    expect(other).toMatchObject({ status: 'replayed', result: 1 })
    link.reconnect()
    await time.advance(1_000)
    expect(await running).toMatchObject({ status: 'executed', result: 1 })
  })

  it('leaves the caller unsure when no connection comes in time', async () => {
    const { time, link, process } = world()
    const running = process(time, link)
      .idempotency.run('job', 'a', async () => link.loseNextReply())
      .catch((error: unknown) => error)
    await time.advance(30_000)
    expect(await running).toMatchObject({ code: 'COMPLETION_UNCONFIRMED' })
  })

  it('is a storage like the one behind it', async () => {
    const { time, link, process } = world()
    const { locks, cache, idempotency, close, health } = process(time, link)
    await locks.run('a', async () => undefined)
    await cache.hashSet('h', { a: 1 })
    expect(await cache.getOrCreate('k', async () => 1)).toBe(1)
    expect(await cache.hashGetAll('h')).toEqual({ a: 1 })
    expect((await idempotency.run('job', 'a', async () => 1)).result).toBe(1)
    expect((await health()).status).toBe('up')
    await close()
  })
})
