import assert from 'node:assert/strict'
import { type AddReply, type CounterStorage, REMEMBERED_MS } from '../../storage/counters.ts'
import type { Life } from '../../storage/hashes.ts'
import {
  type KitOptions,
  type StorageUnderTest,
  type TestRunner,
  freshName,
  unhurried,
  useStorage,
} from '../runner.ts'

const MAX = Number.MAX_SAFE_INTEGER
let operations = 0

/** The guarantees C1 to C4 of `storage/counters.ts`. */
export function countersKit(
  runner: TestRunner,
  open: () => Promise<StorageUnderTest>,
  { movesTime = false }: KitOptions,
): void {
  const { describe, it } = runner

  describe('counters', () => {
    const under = useStorage(runner, open)
    const counters = (): CounterStorage => under.storage.values.counters
    const freshOperation = (): string => freshName(`operation-${(operations += 1)}`)
    const add = (
      key: string,
      by: number,
      { ttlMs = 60_000, on = 'create' }: Partial<Life> = {},
      operation: string = freshOperation(),
    ): Promise<AddReply> => counters().add(key, by, operation, { ttlMs, on }, MAX)
    const sumOf = (reply: AddReply): number | string =>
      reply.outcome === 'added' ? reply.sum : reply.outcome
    const sum = async (...args: Parameters<typeof add>): Promise<number | string> => sumOf(await add(...args))

    it('C1 adds, and returns the sum', async () => {
      const key = freshName('sum')
      const sums = []
      for (const by of [1, 1, 40, -50, 0, 8, -0]) sums.push(await sum(key, by))
      assert.deepEqual(sums, [1, 2, 42, -8, -8, 0, 0])
      assert.equal(await under.storage.values.remove([key]), 1)
      assert.equal(await sum(key, 5), 5)
    })

    it('C1 counts every one of many at a time', async () => {
      const key = freshName('many')
      const sums = await Promise.all(Array.from({ length: 200 }, () => sum(key, 1)))
      assert.deepEqual(
        sums.map(Number).sort((a, b) => a - b),
        sums.map((_, i) => i + 1),
      )
    })

    it('C1 counts whatever the key is called', async () => {
      const names = ['', '{', '}', '{}', '{a}', '{a', 'a}', '{}{a}', '}{', '{{a}}', 'ü{🦊}', '{}a{']
      for (const name of names) {
        const key = `${name}${freshName('counter')}${name}`
        const operation = freshOperation()
        assert.equal(await sum(key, 2, {}, operation), 2, key)
        assert.equal(await sum(key, 2, {}, operation), 2, key)
        assert.equal(await sum(key, 3), 5, key)
      }
    })

    it(
      'C1 begins the time to live with the counter, or with each addition',
      unhurried(async (shortMs) => {
        const [create, always] = [freshName('create'), freshName('always')]
        assert.equal(await sum(create, 1, { ttlMs: shortMs }), 1)
        assert.equal(await sum(create, 1, { ttlMs: 60_000 }), 2)
        assert.equal(await sum(always, 1, { ttlMs: shortMs }), 1)
        assert.equal(await sum(always, 1, { ttlMs: 60_000, on: 'always' }), 2)
        await under.elapse(shortMs + 10)
        assert.equal(await sum(create, 1), 1)
        assert.equal(await sum(always, 1, { ttlMs: shortMs, on: 'always' }), 3)
        await under.elapse(shortMs + 10)
        assert.equal(await sum(always, 1), 1)
      }),
    )

    it('C2 adds an operation once, however often it arrives, and answers it alike', async () => {
      const key = freshName('repeated')
      const operation = freshOperation()
      const replies = await Promise.all(Array.from({ length: 20 }, () => sum(key, 7, {}, operation)))
      assert.deepEqual(new Set(replies), new Set([7]))
      assert.equal(await sum(key, 1), 8)
      assert.equal(await sum(key, 7, {}, operation), 7)
      assert.equal(await sum(key, 1), 9)
    })

    it('C2 adds nothing again for a counter that was removed since', async () => {
      const key = freshName('removed')
      const operation = freshOperation()
      assert.equal(await sum(key, 7, {}, operation), 7)
      await under.storage.values.remove([key])
      assert.equal(await sum(key, 7, {}, operation), 7)
      assert.equal(await sum(key, 1), 1)
    })

    it('C2 keeps the operations of different counters apart', async () => {
      const operation = freshOperation()
      const [one, other] = [freshName('one'), freshName('other')]
      assert.equal(await sum(one, 1, {}, operation), 1)
      assert.equal(await sum(other, 2, {}, operation), 2)
    })

    it('C2 does nothing later than it is to, but answers what was done in time', async () => {
      const key = freshName('late')
      const operation = freshOperation()
      const first = await add(key, 1, {}, operation)
      assert.equal(sumOf(first), 1)
      await under.elapse(30)
      const life = { ttlMs: 60_000, on: 'always' } as const
      const late = await counters().add(key, 10, freshOperation(), life, first.now)
      assert.equal(late.outcome, 'late')
      assert.ok(late.now > first.now, `${late.now} is after ${first.now}`)
      assert.equal(sumOf(await counters().add(key, 1, operation, life, first.now)), 1)
      assert.equal(await sum(key, 1), 2)
    })

    if (movesTime) {
      it('C2 remembers an operation for a time only', async () => {
        const key = freshName('forgotten')
        const operation = freshOperation()
        assert.equal(await sum(key, 1, {}, operation), 1)
        await under.elapse(REMEMBERED_MS - 1)
        assert.equal(await sum(key, 1, {}, operation), 1)
        await under.elapse(1)
        assert.equal(await sum(key, 1, {}, operation), 2)
      })
    }

    it('C3 adds nothing that leaves the safe integers', async () => {
      const key = freshName('large')
      assert.equal(await sum(key, MAX), MAX)
      for (const by of [1, MAX]) assert.equal(await sum(key, by), 'overflow')
      assert.equal(await sum(key, 0), MAX)
      assert.equal(await sum(key, -MAX), 0)
      assert.equal(await sum(key, -MAX), -MAX)
      for (const by of [-1, -MAX]) assert.equal(await sum(key, by), 'overflow')
      assert.equal(await sum(key, 1), 1 - MAX)
    })

    it('C3 answers a repetition of what was too much alike, when there is room by then', async () => {
      const key = freshName('large')
      const operation = freshOperation()
      await add(key, MAX)
      assert.equal(await sum(key, 1, {}, operation), 'overflow')
      await add(key, -5)
      assert.equal(await sum(key, 1, {}, operation), 'overflow')
      assert.equal(await sum(key, 0), MAX - 5)
    })

    it('C4 refuses a key that holds something else, and leaves it', async () => {
      const { values } = under.storage
      const [value, hash] = [freshName('value'), freshName('hash')]
      await values.set(value, 'a value', 60_000, MAX)
      await values.hashes.set(hash, [['a', '1']], { ttlMs: 60_000, on: 'create' }, MAX)
      const before = await values.getMany([value])
      for (const key of [value, hash]) {
        const operation = freshOperation()
        await assert.rejects(add(key, 1, {}, operation), { code: 'STORAGE_REFUSED' })
        await assert.rejects(add(key, 1, {}, operation), { code: 'STORAGE_REFUSED' })
      }
      assert.deepEqual(await values.getMany([value]), before)
      assert.deepEqual(await values.hashes.getAll(hash), [['a', '1']])
    })
  })
}
