import { expect, it } from 'vitest'
import { batchScripts } from '../src/script-batches.ts'
import { createScriptRunner } from '../src/script.ts'
import { readRecord } from '../src/records/read.ts'
import { replaceValue } from '../src/values/replace.ts'
import { reserveValue } from '../src/values/reserve.ts'

it('a client that throws instead of rejecting fails the calls of a batch, and no other', async () => {
  const sent: string[] = []
  let broken = true
  const run = batchScripts(
    createScriptRunner({
      send([, , count]) {
        sent.push(typeof count === 'string' ? count : '')
        if (broken) throw new RangeError('Invalid string length')
        return Promise.resolve(Array.from({ length: Number(count) }, () => 'read'))
      },
    }),
    { state: 'ready', onChange: () => () => {} },
  )
  const read = (id: number): Promise<unknown> => run(readRecord, [`${id}`], [], (reply) => reply)
  const outcomes = await Promise.allSettled(Array.from({ length: 10 }, (_, id) => read(id)))
  expect(sent).toEqual(['1', '1', '1', '1', '6'])
  for (const outcome of outcomes) {
    expect(outcome).toMatchObject({ status: 'rejected', reason: { code: 'STORAGE_REFUSED' } })
  }

  // Nothing counts as in flight any more.
  broken = false
  sent.length = 0
  await Promise.all([read(1), read(2), read(3), read(4)])
  expect(sent).toEqual(['1', '1', '1', '1'])
})

it('calls that a client forgets when its connection breaks do not count as in flight on the next', async () => {
  const sent: string[] = []
  let reconnected = (): void => {}
  const run = batchScripts(
    createScriptRunner({
      send([, , count]) {
        sent.push(typeof count === 'string' ? count : '')
        return new Promise(() => {})
      },
    }),
    { state: 'ready', onChange: (listener) => ((reconnected = () => listener('ready')), () => {}) },
  )
  const read = (): void => void run(readRecord, ['a'], [], (reply) => reply)
  for (let calls = 0; calls < 5; calls += 1) read()
  expect(sent).toHaveLength(4)
  await new Promise((resolve) => setImmediate(resolve))
  expect(sent).toHaveLength(5)
  reconnected()
  read()
  // At once.
  expect(sent).toHaveLength(6)
})

it('begins and ends the loads of 100 keys by three commands each', async () => {
  const sent: string[] = []
  const run = batchScripts(
    createScriptRunner({
      send([, , count]) {
        sent.push(typeof count === 'string' ? count : '')
        const replies = Array.from({ length: Number(count) }, () => '1')
        return Promise.resolve(count === '1' ? '1' : replies)
      },
    }),
    { state: 'ready', onChange: () => () => {} },
  )
  const key = (id: number): [string] => [`${id}`]
  const text = (reply: unknown): unknown => reply
  const ids = Array.from({ length: 100 }, (_, id) => id)
  await Promise.all(ids.map((id) => run(reserveValue, key(id), ['L.', '4000', '0', ''], text)))
  expect(sent).toEqual(['1', '64', '35'])
  sent.length = 0
  await Promise.all(ids.map((id) => run(replaceValue, key(id), ['L.', 'value', '4000'], text)))
  expect(sent).toEqual(['1', '64', '35'])
})
