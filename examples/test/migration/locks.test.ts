/** Moving locks over: each pair answers the same, and old, both and new exclude each other as the pages say. */
import { createHoldfast, type LockEvent, type Locks } from '@holdfast/core'
import { ioredisStorage } from '@holdfast/redis-ioredis'
import { Redis } from 'ioredis'
import { type ChildProcess, fork } from 'node:child_process'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { once } from 'node:events'
import { connect } from 'node:net'
import { resolve } from 'node:path'
import Redlock from 'redlock'
import { afterAll, describe, expect, it, onTestFinished } from 'vitest'
import * as semaphore from '../../migration/redis-semaphore.ts'
import * as ofRedlock from '../../migration/redlock.ts'
import { reportStage, type Stage } from '../../migration/stage.ts'
import { firstColumnOf } from './first-column.ts'

const url = process.env['REDIS_URL'] ?? ''
const redis = new Redis(url)
const holdfast = createHoldfast({
  storage: ioredisStorage(redis),
  prefix: 'moving-locks',
  locks: { waitMs: Infinity },
})
const { locks } = holdfast
const redlock = new Redlock([redis], { retryDelay: 50, retryJitter: 20 })
redlock.on('error', () => {})

afterAll(async () => {
  await holdfast.close()
  redis.disconnect()
})

const LIBRARIES = {
  redlock: {
    pairs: ofRedlock.redlockPairs(redlock, locks),
    guard: (stage: Stage) => ofRedlock.createGuard(stage, redlock, locks),
    skipping: (stage: Stage) => ofRedlock.createSkippingGuard(stage, redlock, locks),
    skippingOn: (client: Redis, ours: Locks) =>
      ofRedlock.createSkippingGuard(
        'old',
        new Redlock([client]).on('error', () => {}),
        ours,
      ),
    acquire: (stage: Stage, ours = locks) => ofRedlock.createAcquire(stage, redlock, ours),
    oldKey: (name: string) => `locks:${name}`,
  },
  'redis-semaphore': {
    pairs: semaphore.redisSemaphorePairs(redis, locks),
    guard: (stage: Stage) => semaphore.createMutexGuard(stage, redis, locks),
    skipping: (stage: Stage) => semaphore.createSkippingMutexGuard(stage, redis, locks),
    skippingOn: (client: Redis, ours: Locks) => semaphore.createSkippingMutexGuard('old', client, ours),
    acquire: (stage: Stage, ours = locks) => semaphore.createMutexAcquire(stage, redis, ours),
    oldKey: (name: string) => `mutex:${name}`,
  },
}

/** The cells of the pages' table: which stage holds, which one wants in, and whether it enters. */
const CELLS = [
  ['old', 'old', false],
  ['old', 'both', false],
  ['both', 'old', false],
  ['both', 'both', false],
  ['both', 'new', false],
  ['new', 'both', false],
  ['new', 'new', false],
  ['old', 'new', true], // which is why no process is at the last stage before all have left the first
] as const

describe.each(Object.entries(LIBRARIES))('from %s', (library, moved) => {
  const { pairs, guard, skipping, skippingOn, acquire, oldKey } = moved

  it.each(Object.entries<{ before(): Promise<unknown>; after(): Promise<unknown> }>(pairs))(
    '%s',
    async (_, { before, after }) => {
      expect(await after()).toEqual(await before())
    },
  )

  it('every call of the table is a pair', () => {
    expect(firstColumnOf(`docs/migration/${library}.md`)).toEqual(Object.keys(pairs))
  })

  it.each(CELLS)('while %s holds, %s enters: %s', async (first, second, enters) => {
    const name = `${library}:${first}:${second}`
    const release = Promise.withResolvers<void>()
    const order: string[] = []
    const held = Promise.withResolvers<void>()
    const one = guard(first)(name, async () => {
      order.push('first in')
      held.resolve()
      await release.promise
      order.push('first out')
    })
    await held.promise
    const two = guard(second)(name, async () => void order.push('second in'))
    // A round trip of the second's client tells nothing of how far it is: what it must not do, it has all the time to do.
    if (enters) await two
    else for (let i = 0; i < 20; i += 1) await redis.ping()
    release.resolve()
    await Promise.all([one, two])
    expect(order).toEqual(
      enters ? ['first in', 'second in', 'first out'] : ['first in', 'first out', 'second in'],
    )
  })

  it.each([
    ['both', true],
    ['new', false],
  ] as const)('at %s, MONITOR shows commands with the old key: %s', async (stage, shows) => {
    const { hostname, port } = new URL(url)
    const monitor = connect(Number(port), hostname).setEncoding('utf8')
    onTestFinished(() => void monitor.destroy())
    let shown = ''
    monitor.on('data', (chunk: string) => void (shown += chunk))
    monitor.write('MONITOR\r\n')
    await once(monitor, 'data')
    await guard(stage)(`${library}:watched`, async () => {})
    await redis.echo('the last one')
    while (!shown.includes('"the last one"')) await once(monitor, 'data')
    expect(shown.includes(`"${oldKey(`${library}:watched`)}"`)).toBe(shows)
  })

  it.each(CELLS)('while a function of %s holds, %s enters: %s', async (first, second, enters) => {
    const name = `${library}:across:${first}:${second}`
    const held = await acquire(first)(name)
    const order: string[] = []
    const two = guard(second)(name, async () => void order.push('second in'))
    if (enters) await two
    else for (let i = 0; i < 20; i += 1) await redis.ping()
    held.assertHeld()
    order.push('first out')
    await held.release()
    await two
    expect(order).toEqual(enters ? ['second in', 'first out'] : ['first out', 'second in'])
  })

  it.each(CELLS)('while %s holds, a call of %s that skips enters: %s', async (first, second, enters) => {
    const name = `${library}:skips:${first}:${second}`
    const body = async (): Promise<string> => 'ran'
    const executed = { status: 'executed', result: 'ran' }
    await guard(first)(name, async () => {
      expect(await skipping(second)(name, body)).toEqual(enters ? executed : { status: 'skipped' })
      if (!enters) await expect(guard(second)(name, body, 1)).rejects.toThrow()
    })
    expect(await skipping(second)(name, body)).toEqual(executed)
  })

  it.each(['old', 'both', 'new'] as const)('at %s, an error of the body is no skip', async (stage) => {
    const held = await acquire('both')(`${library}:other`)
    const body = (): Promise<void> => guard(stage)(`${library}:other`, async () => {}, 0)
    await expect(skipping(stage)(`${library}:mine`, body)).rejects.toThrow()
    await held.release()
  })

  it('an outage is no skip', async () => {
    const dead = new Redis({ lazyConnect: true, enableOfflineQueue: false })
    await expect(skippingOn(dead, locks)('out', async () => {})).rejects.toThrow()
    dead.disconnect()
  })

  it.each(['both', 'new'] as const)('at %s, throwIfAborted says why a body ends', async (stage) => {
    const name = `${library}:revoked:${stage}`
    const ended = guard(stage)(name, async (signal) => {
      await Promise.all([once(signal, 'abort'), locks.revoke(name)])
      signal.throwIfAborted()
    })
    await expect(ended).rejects.toMatchObject({ code: 'LEASE_LOST' })
  })

  it('holds neither when the second one fails', async () => {
    const name = `${library}:fails`
    const held = await acquire('new')(name)
    const other = createHoldfast({ storage: ioredisStorage(redis), prefix: 'moving-locks' })
    const waits = waitingFor(name)
    const both = acquire('both', other.locks)(name)
    await waits
    expect(await redis.exists(oldKey(name))).toBe(1)
    await Promise.all([expect(both).rejects.toMatchObject({ code: 'LOCK_ABORTED' }), other.close()])
    expect(await redis.exists(oldKey(name))).toBe(0)
    held.assertHeld()
    await held.release()
  })
})

describe('a function of redlock at both', () => {
  it('refuses an old lock that has ended during the wait for the new one', async () => {
    const held = await LIBRARIES.redlock.acquire('new')('ended')
    const waits = waitingFor('ended')
    const both = LIBRARIES.redlock.acquire('both')('ended')
    await waits
    await redis.del('locks:ended')
    await Promise.all([expect(both).rejects.toThrow(/quorum|resource/), held.release()])
    const free = await locks.tryAcquire('ended')
    expect(free).not.toBeNull()
    await free?.release()
  })

  it('extends the old lock from now, and the new one', async () => {
    const held = await LIBRARIES.redlock.acquire('both')('extended')
    await redis.pexpire('locks:extended', 1_000)
    await held.extend()
    expect(await redis.pttl('locks:extended')).toBeGreaterThan(10_000)
    held.assertHeld()
    await held.release()
    expect(() => held.assertHeld()).toThrow('extended')
  })
})

describe('what the pages create', () => {
  it('locks with both libraries on one client, and leaves it open', async () => {
    const created = ofRedlock.createLocks(redis)
    const both = ofRedlock.createGuard('both', created.redlock, created.holdfast.locks)
    expect(await both('created', async () => 'done')).toBe('done')
    const other = semaphore.createLocks(redis)
    expect(await semaphore.createMutexGuard('both', redis, other.locks)('created', async () => 'done')).toBe(
      'done',
    )
    await Promise.all([created.holdfast.close(), other.close()])
    expect(await redis.ping()).toBe('PONG')
  })
})

describe('reportStage', () => {
  it('logs the stage and what was counted, and stops', async () => {
    const lines: string[] = []
    const stop = reportStage('new', 'holdfast:locks', (line) => lines.push(line))
    await LIBRARIES.redlock.guard('new')('counted', async () => {})
    await LIBRARIES.redlock.guard('old')('counted', async () => {})
    stop()
    await LIBRARIES.redlock.guard('new')('counted', async () => {})
    expect(lines).toEqual(['{"stage":"new"}', '{"stage":"new","granted":1,"released":1}'])
  })
})

async function waitingFor(name: string): Promise<void> {
  const { promise, resolve: waits } = Promise.withResolvers<void>()
  const listener = (message: unknown): void => {
    const event = message as LockEvent
    if (event.type === 'waiting' && event.name === name) waits()
  }
  subscribe('holdfast:locks', listener)
  await promise
  unsubscribe('holdfast:locks', listener)
}

describe('a roll-out in three processes', () => {
  it('has one body at a time while old and both work, and while both and new work', async () => {
    const workers = Object.fromEntries(
      (['old', 'both', 'new'] as const).map((stage) => [stage, startWorker(stage)]),
    )
    const work = async (phase: string, stages: readonly Stage[]): Promise<void> => {
      const done = stages.map((stage) => says(workers[stage] as ChildProcess))
      for (const stage of stages) (workers[stage] as ChildProcess).send(phase)
      await Promise.all(done)
    }
    await Promise.all(Object.values(workers).map(says))
    await work('moving:first', ['old', 'both'])
    await work('moving:second', ['both', 'new'])
    for (const library of Object.keys(LIBRARIES))
      for (const phase of ['moving:first', 'moving:second'])
        expect(await redis.hgetall(`${library}:${phase}`)).toEqual({ inside: '0', most: '1', stock: '40' })
  })
})

async function says(worker: ChildProcess): Promise<void> {
  const ended = once(worker, 'exit').then(([code]) =>
    Promise.reject(new Error(`the worker ended with ${code}`)),
  )
  await Promise.race([once(worker, 'message'), ended])
}

function startWorker(stage: Stage): ChildProcess {
  const worker = fork(resolve(import.meta.dirname, 'worker.ts'), [stage, url], {
    execArgv: ['--conditions=@holdfast/source', '--no-warnings'],
  })
  onTestFinished(() => void worker.kill('SIGKILL'))
  return worker
}
