import { describe, expect, expectTypeOf, it } from 'vitest'
import { fingerprintOf } from '@holdfast/core'
import { settle } from '../manual-runtime.ts'
import { createWorld } from './world.ts'

interface Order {
  readonly tenant: string
  readonly id: number
  readonly amount: number
}

describe('define', () => {
  const order: Order = { tenant: 't', id: 7, amount: 5 }

  it('returns a typed job with a key, a fingerprint and policies', async () => {
    const { runtime, join } = createWorld()
    const { idempotency } = join()
    const bill = idempotency.define<Order, string>('bill', {
      key: ({ tenant, id }) => `${tenant}/${id}`,
      fingerprint: ({ amount }) => amount,
      completedWindowMs: 1_000,
    })
    const first = await bill.run(order, (execution, input) => `${input.id}#${execution.attempt}`)
    expectTypeOf(first.result).toEqualTypeOf<string>()
    expect(first).toMatchObject({ status: 'executed', result: '7#1' })
    expect((await bill.run(order, () => 'again')).status).toBe('replayed')
    await expect(bill.run({ ...order, amount: 6 }, () => 'other')).rejects.toMatchObject({
      code: 'FINGERPRINT_MISMATCH',
    })
    expect((await idempotency.getExecutionStatus('bill', 't/7'))?.result).toBe('7#1')
    expect(await bill.tryStartExecution(order)).toBeNull()
    expect(await bill.isExecuting(order)).toBe(false)
    expect((await bill.begin(order)).status).toBe('replayed')
    expect(await bill.waitForCompletion(order)).toMatchObject({ status: 'completed' })
    for await (const { status } of bill.watch(order)) expect(status).toBe('completed')
    expect(await bill.requestCancel(order)).toBe(false)
    expect((await bill.run(order, { onCompleted: 'rerun' }, () => 'rerun')).result).toBe('rerun')
    await runtime.advance(1_001)
    expect((await bill.run(order, () => 'after the window')).status).toBe('executed')
    expect(await bill.forget(order)).toBe(true)
    expect(await bill.getExecutionStatus(order)).toBeNull()
  })

  it('takes the defaults of the instance where it says nothing, and refuses nonsense at once', async () => {
    const { join } = createWorld()
    const { idempotency } = join({ leaseMs: 4_000 })
    const job = idempotency.define<Order, void>('job', {
      key: ({ id }) => `${id}`,
      leaseMs: undefined,
      codec: undefined,
    })
    await job.begin(order, {
      leaseMs: undefined,
      signal: undefined,
      onProgress: undefined,
      waitMs: undefined,
    })
    expect((await job.getExecutionStatus(order))?.leaseRemainingMs).toBe(4_000)
    expect(() => idempotency.define('job', { key: () => 'k', leaseMs: 1 })).toThrow(/leaseMs/)
    const broken = idempotency.define<Order, void>('job', { key: () => '' })
    await expect(broken.run(order, () => undefined)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
  })

  it('compares what the fingerprint function returns, undefined as anything else', async () => {
    const { join } = createWorld()
    const { idempotency } = join()
    const pay = idempotency.define<{ readonly id: string; readonly amount?: number }, string>('pay', {
      key: ({ id }) => id,
      fingerprint: ({ amount }) => amount,
    })
    const mismatch = { code: 'FINGERPRINT_MISMATCH' }
    await pay.run({ id: 'a', amount: 100 }, () => 'charged 100')
    await expect(pay.run({ id: 'a' }, () => 'other')).rejects.toMatchObject(mismatch)
    await pay.run({ id: 'b' }, () => 'no amount')
    await expect(pay.run({ id: 'b', amount: 999 }, () => 'other')).rejects.toMatchObject(mismatch)
    expect(await pay.begin({ id: 'b', amount: 1 })).toMatchObject({ status: 'mismatch' })
    expect(await pay.run({ id: 'b' }, () => 'again')).toMatchObject({
      status: 'replayed',
      result: 'no amount',
    })
    // Undefined is not null.
    const other = { fingerprint: null }
    expect(await idempotency.begin('pay', 'b', other)).toMatchObject({ status: 'mismatch' })
    // A call without a fingerprint compares nothing.
    expect(await idempotency.begin('pay', 'b')).toMatchObject({ status: 'replayed' })
    expect(await idempotency.begin('pay', 'b', { fingerprint: undefined })).toMatchObject({
      status: 'replayed',
    })
  })

  it('refuses a fingerprint that is a promise, and says what to do', async () => {
    const { commands, join } = createWorld()
    const job = join().idempotency.define<string, string>('job', {
      key: (id) => id,
      fingerprint: async () => 1,
    })
    await expect(job.run('k', () => 'r')).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringContaining('is a promise') as string,
    })
    expect(commands).toEqual([])
  })

  it('does not start without a body', async () => {
    const { commands, join } = createWorld()
    const job = join().idempotency.define<Order, void>('job', { key: ({ id }) => `${id}` })
    const run = job.run as (...given: unknown[]) => Promise<unknown>
    for (const rest of [[], [{}], [undefined], [{ waitMs: 1 }, undefined], [{}, 'body']]) {
      await expect(run(order, ...rest)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
    }
    expect(commands).toEqual([])
  })

  it('encodes with the codec of the job, which every view then uses', async () => {
    const { join } = createWorld()
    const { idempotency } = join()
    const codec = {
      encode: (value: unknown) => Buffer.from(JSON.stringify(value)).toString('hex'),
      decode: (data: string) => JSON.parse(Buffer.from(data, 'hex').toString()) as unknown,
    }
    const job = idempotency.define<Order, { total: number }>('job', { key: ({ id }) => `${id}`, codec })
    await job.run(order, async (execution) => {
      await execution.saveCheckpoint([1])
      expect(execution.checkpoint).toEqual([1])
      expect((await job.getExecutionStatus(order))?.checkpoint).toEqual([1])
      return { total: 5 }
    })
    expect((await idempotency.getExecutionStatus('job', '7'))?.result).toEqual({ total: 5 })
    expect((await idempotency.list('job')).executions[0]?.result).toEqual({ total: 5 })
    expect((await job.run(order, () => ({ total: 0 }))).result).toEqual({ total: 5 })
    await settle()
  })
})

describe('fingerprintOf', () => {
  it.each([
    ['the order of keys', { a: 1, b: [2, { c: 3, d: 4 }] }, { b: [2, { d: 4, c: 3 }], a: 1 }],
    ['an undefined member', { a: 1, b: undefined }, { a: 1 }],
    ['how a number was written', 1e3, 1000],
    ['bytes in another wrapping', new Uint8Array([1, 2]), Buffer.from([1, 2])],
  ])('does not depend on %s', (_, one, other) => {
    expect(fingerprintOf(one)).toBe(fingerprintOf(other))
  })

  it.each([
    ['order in arrays', [1, 2], [2, 1]],
    ['type', 1, '1'],
    ['nesting', { a: { b: 1 } }, { 'a.b': 1 }],
    ['dates', new Date(1), new Date(2)],
    ['a date and its text', new Date(1), new Date(1).toISOString()],
    ['bytes and their text', new Uint8Array([1]), 'AQ=='],
    ['null and absent', { a: null }, {}],
    ['a bigint and a number', 1n, 1],
    ['a hole and nothing', [undefined], []],
  ])('depends on %s', (_, one, other) => {
    expect(fingerprintOf(one)).not.toBe(fingerprintOf(other))
  })

  it.each([
    ['a function', { f: () => 1 }],
    ['a symbol', Symbol('s')],
    ['NaN', [Number.NaN]],
    ['an instance', new Map()],
    ['an instance of who knows what', Object.create(Object.create(null)) as object],
    ['a cycle', cycle()],
  ])('refuses %s', (_, input) => {
    expect(() => fingerprintOf(input)).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }))
  })
})

function cycle(): object {
  const self: Record<string, unknown> = {}
  self['self'] = self
  return self
}
