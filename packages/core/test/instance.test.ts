import { hostname } from 'node:os'
import { describe, expect, it } from 'vitest'
import { createHoldfast, createIdempotency, createLocks, memoryStorage } from '@holdfast/core'

const standard = `${hostname()}:${process.pid}`

describe('the name of an instance', () => {
  it.each(['worker-7', 'web 7f9c.eu:4711', 'Zähler/東京', standard])(
    'given to createHoldfast reaches locks and jobs as it is: %s',
    async (instance) => {
      await using holdfast = createHoldfast({ storage: memoryStorage(), instance })
      await using lease = await holdfast.locks.acquire('a')
      expect(lease.token).toMatch(/^[\w~-]+\.[\da-z]+$/)
      expect((await holdfast.locks.inspect('a')).holders).toMatchObject([{ owner: instance }])
      const refused = await holdfast.locks.acquire('a', { waitMs: 0 }).catch((error: Error) => error)
      expect(refused).toMatchObject({ code: 'LOCK_TIMEOUT', holders: [{ owner: instance }] })
      expect((refused as Error).message).toContain(instance)
      await holdfast.idempotency.run('job', 'k', () => 1)
      expect(await holdfast.idempotency.getExecutionStatus('job', 'k')).toMatchObject({ instance })
    },
  )

  it('is host and process id unless it is given, everywhere', async () => {
    const storage = memoryStorage()
    await using holdfast = createHoldfast({ storage })
    await using lease = await createLocks(storage).acquire('a')
    expect(lease.remainingMs()).toBeGreaterThan(0)
    expect((await holdfast.locks.inspect('a')).holders).toMatchObject([{ owner: standard }])
    await holdfast.idempotency.run('job', 'k', () => 1)
    await createIdempotency(storage).run('job', 'l', () => 1)
    for (const key of ['k', 'l'])
      expect(await holdfast.idempotency.getExecutionStatus('job', key)).toMatchObject({ instance: standard })
  })

  it('is shortened to its end where it is long, and refused where it is not a name', async () => {
    const storage = memoryStorage()
    await using holdfast = createHoldfast({ storage, instance: `${'x'.repeat(200)}é:1` })
    await using lease = await holdfast.locks.acquire('a')
    expect(lease.token.length).toBeLessThan(100)
    const { holders } = await holdfast.locks.inspect('a')
    expect(holders[0]?.owner).toMatch(/^x{30,}é:1$/)
    for (const wrong of ['', 7, null, 'a\nb'])
      expect(() => createHoldfast({ storage, instance: wrong as string })).toThrow(/^instance /)
  })
})
