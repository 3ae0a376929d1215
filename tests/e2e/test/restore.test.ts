/** What docs/operations/backup.md says: the scripts that it shows make a backup and restore it, and each of its claims. */
import { cp } from 'node:fs/promises'
import { join } from 'node:path'
import { createHoldfast } from '@holdfast/core'
import { ask } from '@holdfast/test-support/resp'
import { describe, expect, it, onTestFinished } from 'vitest'
import { connect } from '../src/connect.ts'
import { openDataDirectory } from '../src/data-directory.ts'
import { inService, until } from '../src/poll.ts'

const ways = [
  { kind: 'rdb', client: 'ioredis', file: 'backup.rdb' },
  { kind: 'aof', client: 'redis', file: 'appendonlydir-copy' },
] as const

/** Of a job whose process is gone: the restored record keeps the key busy for the rest of it. */
const LEASE_MS = 3_000

describe.each(ways)('a restored backup, by $kind over $client', ({ kind, client, file }) => {
  it('is what Redis had then: newer jobs run again, and locks and fences go on', async () => {
    const data = await openDataDirectory()
    const server = await data.serve()
    const { port } = server
    const join = async (instance: string) => {
      const { storage, [Symbol.asyncDispose]: disconnect } = await connect(client, server.url)
      const holdfast = createHoldfast({ storage, instance, callTimeoutMs: 30_000 })
      onTestFinished(async () => {
        await holdfast.close()
        await disconnect()
      })
      return holdfast
    }
    const { idempotency, locks, cache } = await join('one')
    const made: string[] = []
    const make = (jobKey: string, options = {}) =>
      idempotency.run('invoice', jobKey, options, async ({ attempt }) => {
        made.push(jobKey)
        return `${jobKey}, attempt ${attempt}`
      })
    const decline = (jobKey: string) =>
      idempotency
        .run('invoice', jobKey, { maxAttempts: 5 }, async ({ attempt }) => {
          throw new Error(`declined, attempt ${attempt}`)
        })
        .catch((error: Error) => error.message)

    // Before the backup.
    await make('early')
    await make('forgotten')
    expect(await decline('declined')).toBe('declined, attempt 1')
    const short = await idempotency.tryStartExecution('invoice', 'under way', { leaseMs: LEASE_MS })
    await short?.saveCheckpoint('half')
    const long = await idempotency.tryStartExecution('invoice', 'long', { leaseMs: 600_000 })
    const held = await locks.acquire('ledger', { leaseMs: LEASE_MS })
    const kept = await locks.acquire('kept', { leaseMs: 600_000 })
    const queued = await locks.acquire('queued', { leaseMs: LEASE_MS })
    const quiet = await (await locks.acquire('quiet')).release().then(() => locks.inspect('quiet'))
    expect(quiet.holders).toEqual([])
    await inService(() => cache.set('price', 'old', { ttlMs: 600_000 }))

    await data.run(`backup-${kind}.sh`, data.beside(file), '-p', String(port))

    // After it.
    await make('late')
    await idempotency.forget('invoice', 'forgotten')
    expect(await decline('declined')).toBe('declined, attempt 2')
    await short?.markSuccess('done')
    await long?.saveCheckpoint('second')
    const newborn = await idempotency.tryStartExecution('invoice', 'newborn')
    await kept.release()
    await held.release()
    const other = await join('two')
    const newer = await other.locks.acquire('ledger', { leaseMs: 60_000 })
    const waiting = other.locks.acquire('queued', { waitMs: 120_000 })
    await until(async () => ((await locks.inspect('queued')).waiting === 1 ? true : undefined))
    const between = await locks.acquire('quiet')
    await between.release()
    await inService(() => cache.set('price', 'new', { ttlMs: 600_000 }))
    expect(newer.fencingToken).toBeGreaterThan(held.fencingToken)

    await server.stop()
    await data.run(`restore-${kind}.sh`, data.beside(file), data.path)
    await data.serve()
    made.length = 0

    const heirs = await join('three')
    // A completion in the backup counts.
    expect(await make('early')).toMatchObject({ status: 'replayed', result: 'early, attempt 1' })
    // What was forgotten is back.
    expect(await make('forgotten')).toMatchObject({ status: 'replayed' })
    // What completed later runs again, as if for the first time.
    expect(await make('late')).toMatchObject({ status: 'executed', result: 'late, attempt 1' })
    expect(made).toEqual(['late'])
    // Attempts count from the backup on.
    expect(await decline('declined')).toBe('declined, attempt 2')
    // What ran then, and completed later, is taken over with its checkpoint when that lease is over.
    const taken = await heirs.idempotency.run('invoice', 'under way', { onInProgress: 'wait' }, async (e) => [
      e.attempt,
      e.checkpoint,
    ])
    expect(taken).toMatchObject({ status: 'executed', result: [2, 'half'] })
    // The owner that lived on, while no other process took over, still owns it, and writes what the backup lacks.
    await long?.release()
    const resumed = await heirs.idempotency.run('invoice', 'long', async ({ checkpoint }) => checkpoint)
    expect(resumed).toMatchObject({ status: 'executed', result: 'second' })
    // The owner of an execution that the backup lacks does not.
    await expect(newborn?.saveCheckpoint('lost')).rejects.toMatchObject({
      code: 'LEASE_LOST',
      reason: 'vanished',
    })

    // A lease that was granted later is lost, and its holder learns it.
    await until(() => (newer.signal.aborted ? true : undefined))
    expect(newer.signal.reason).toMatchObject({ code: 'LEASE_LOST' })
    // A lease of then goes on, although its holder has released it.
    expect((await heirs.locks.inspect('kept')).holders).toMatchObject([{ fencingToken: kept.fencingToken }])
    expect(await heirs.locks.revoke('kept')).toBeTruthy()
    // A waiter that the backup lacks gets its turn.
    await queued.release()
    await (await waiting).release()
    // The next grant is greater than any before, lost ones included: it is the storage's clock in microseconds.
    const micros = async () => {
      const [seconds, rest] = (await ask({ port }, 'TIME')) as [string, string]
      return Number(seconds) * 1e6 + Number(rest)
    }
    const earliest = await micros()
    const next = await heirs.locks.acquire('quiet')
    expect(next.fencingToken).toBeGreaterThan(between.fencingToken)
    expect(next.fencingToken).toBeGreaterThanOrEqual(earliest)
    expect(next.fencingToken).toBeLessThanOrEqual(await micros())
    const ledger = await heirs.locks.acquire('ledger')
    expect(ledger.fencingToken).toBeGreaterThan(newer.fencingToken)
    // The cache is as old.
    expect(await inService(() => heirs.cache.get('price'))).toBe('old')
    await inService(() => heirs.cache.clear())
    expect(await inService(() => heirs.cache.get('price'))).toBeUndefined()
  })
})

it('a server with an append-only file does not read a snapshot that lies beside it', async () => {
  const data = await openDataDirectory()
  const server = await data.serve()
  await ask(server, 'SET', 'a', '1')
  await data.run('backup-rdb.sh', data.beside('backup.rdb'), '-p', String(server.port))
  await server.stop()
  await data.run('restore-rdb.sh', data.beside('backup.rdb'), data.path)
  const restored = await data.serve()
  expect(await ask(restored, 'GET', 'a')).toBe('1')
  await restored.stop()

  const naive = await openDataDirectory()
  await cp(data.beside('backup.rdb'), join(naive.path, 'dump.rdb'))
  expect(await ask(await naive.serve(), 'DBSIZE')).toBe(0)
})
