import assert from 'node:assert/strict'
import { type CounterStorage, type Life, REMEMBERED_MS, type ValueStorage } from '@holdfast/core/storage'
import { type TestRunner, freshName } from '@holdfast/core/testing'
import { mastersOf } from '../client.ts'
import { createKeys } from '../keys.ts'
import { besideKey } from '../slot.ts'
import type { OpenRedis } from './redis-under-test.ts'

/** Hashes and counters, which are types of Redis, beside other tools that use the same keys; and scans of keys. */
export function redisNativesKit({ describe, it }: TestRunner, under: () => OpenRedis): void {
  const values = (): ValueStorage => under().storage.values
  const nameOf = createKeys('kit').value
  const askFor = async (command: string, name: string, ...more: string[]): Promise<unknown> =>
    await under().admin.send([command, name, ...more], name)
  const ask = async (command: string, key: string, ...more: string[]): Promise<unknown> =>
    await askFor(command, nameOf(key), ...more)
  const lives = async (key: string, ttlMs: number, after: string): Promise<void> => {
    const left = Number(await ask('PTTL', key))
    assert.ok(left > ttlMs - 60_000 && left <= ttlMs, `after ${after} it lives for ${left} ms`)
  }
  const [hour, day] = [3_600_000, 86_400_000]
  const refused = { code: 'STORAGE_REFUSED' }
  const add = (
    key: string,
    by: number,
    life: Life = { ttlMs: hour, on: 'create' },
    operation: string = freshName('add'),
  ): ReturnType<CounterStorage['add']> =>
    values().counters.add(key, by, operation, life, Number.MAX_SAFE_INTEGER)

  describe('counters of Redis', () => {
    it('are what GET shows and INCR counts, and live for a time', async () => {
      const key = freshName('counter')
      await add(key, 40)
      assert.equal(await ask('GET', key), '40')
      await lives(key, hour, 'create')
      await add(key, 1, { ttlMs: day, on: 'create' })
      await lives(key, hour, 'another addition')
      await add(key, 1, { ttlMs: day, on: 'always' })
      await lives(key, day, 'always')
      await ask('INCR', key)
      assert.equal(await ask('GET', key), '43')
      await ask('PERSIST', key)
      await add(key, 0)
      await lives(key, hour, 'PERSIST')
    })

    it('go on from what another program has set, if it is a whole number as Redis writes it', async () => {
      for (const text of ['41', '0', '-7', '9007199254740990', '-9007199254740991']) {
        const key = freshName('foreign')
        await ask('SET', key, text)
        const reply = await add(key, 1)
        assert.deepEqual({ ...reply, now: 0 }, { outcome: 'added', sum: Number(text) + 1, now: 0 })
        await lives(key, hour, 'SET')
      }
      const others = [
        '',
        'abc',
        '007',
        '-0',
        '+1',
        ' 1',
        '1 ',
        '1.5',
        '1e3',
        '0x10',
        'nan',
        'inf',
        '1\0',
        '1\n',
      ]
      const large = ['9007199254740992', '-9007199254740992', '9223372036854775807', '9'.repeat(400)]
      for (const text of [...others, ...large]) {
        const key = freshName('foreign')
        await ask('SET', key, text)
        await assert.rejects(add(key, 1), refused, JSON.stringify(text))
        assert.equal(await ask('GET', key), text)
      }
    })

    it('refuse an operation for good, also when there is a counter by then', async () => {
      for (const [command, text] of [
        ['RPUSH', 'a list'],
        ['SET', '007'],
      ] as const) {
        const [key, operation] = [freshName('refused'), freshName('add')]
        await ask(command, key, text)
        await assert.rejects(add(key, 1, undefined, operation), refused)
        await values().remove([key])
        await assert.rejects(add(key, 1, undefined, operation), refused)
        assert.equal(await ask('EXISTS', key), 0)
      }
    })

    it('have the answers of their operations beside them, in their slot and for a time', async () => {
      for (const rest of ['', '{tag}', '{', '}', '{}', 'ü{🦊']) {
        const [key, operation] = [`${freshName('counter')}${rest}`, freshName('add')]
        await add(key, 5, undefined, operation)
        const beside = besideKey(nameOf(key), `\n${operation}`)
        assert.equal(await askFor('GET', beside), '5', key)
        const left = Number(await askFor('PTTL', beside))
        assert.ok(left > 0 && left <= REMEMBERED_MS, `${left}`)
      }
    })
  })

  describe('hashes of Redis', () => {
    it('are what HGET shows, and live for a time', async () => {
      const key = freshName('hash')
      const set = async (ttlMs: number, on: Life['on']): Promise<void> =>
        void (await values().hashes.set(key, [['a', '1']], { ttlMs, on }, Number.MAX_SAFE_INTEGER))
      await set(hour, 'create')
      assert.equal(await ask('HGET', key, 'a'), '1')
      await lives(key, hour, 'create')
      await set(day, 'create')
      await lives(key, hour, 'another write')
      await set(day, 'always')
      await lives(key, day, 'always')
      await values().hashes.delete(key, ['a'])
      await ask('HSET', key, 'b', '2')
      await set(hour, 'create')
      await lives(key, hour, 'HSET by another program')
      assert.deepEqual(
        new Map(await values().hashes.getAll(key)),
        new Map(Object.entries({ a: '1', b: '2' })),
      )
    })

    it('of no fields change nothing of what lies under its key', async () => {
      const key = freshName('foreign')
      await ask('SET', key, 'v')
      await values()
        .hashes.set(key, [], { ttlMs: hour, on: 'always' }, Number.MAX_SAFE_INTEGER)
        .catch(() => undefined)
      assert.equal(await ask('PTTL', key), -1)
      await values().remove([key])
    })
  })

  describe('patterns of Redis', () => {
    const put = async (names: readonly string[]): Promise<unknown> =>
      await Promise.all(names.map((name) => askFor('SET', name, 'v', 'PX', String(hour))))
    const removeAll = async (prefix: string, glob: string, position?: string): Promise<number> => {
      let removed = 0
      do {
        const step = await values().removeMatching({ prefix, glob }, position)
        removed += step.removed
        ;({ position } = step)
      } while (position !== undefined)
      return removed
    }

    it('reach no key of another namespace, nor of anything else', async () => {
      const prefix = freshName('mine:')
      const mine = nameOf(`${prefix}a`)
      const others = [`${prefix}a`, `kit-v:${prefix}a`, `kit:w:${prefix}a`, `kit:v:x${prefix}a`, `x${mine}`]
      await put([mine, ...others])
      assert.equal(await removeAll(prefix, '*'), 1)
      for (const other of others) assert.equal(await askFor('EXISTS', other), 1, other)
      await Promise.all(others.map((other) => askFor('UNLINK', other)))
    })

    it('are looked for from the beginning on a server that is new, or has been started again', async () => {
      const masters = await mastersOf(under().client)
      const scans = masters.map(({ name }) => [name, { run: 'another', cursor: '96' }])
      for (const position of [
        JSON.stringify(Object.fromEntries(scans)),
        '{"gone:1":{"run":"a","cursor":"3"}}',
      ]) {
        const prefix = freshName('again:')
        await put(Array.from({ length: 300 }, (_, i) => nameOf(`${prefix}${i}`)))
        assert.equal(await removeAll(prefix, '*', position), 300)
      }
    })

    it('are looked for no more on a server that is done', async () => {
      const masters = await mastersOf(under().client)
      const prefix = freshName('done:')
      await put([nameOf(`${prefix}a`)])
      const scans = masters.map(({ name }) => [name, { run: 'any', cursor: 'done' }])
      const step = await values().removeMatching(
        { prefix, glob: '*' },
        JSON.stringify(Object.fromEntries(scans)),
      )
      assert.deepEqual(step, { scanned: 0, removed: 0 })
      assert.equal(await removeAll(prefix, '*'), 1)
    })
  })
}
