import type { AcquireReply } from '@holdfast/core/storage'
import { expect, it } from 'vitest'
import { waitingLines } from '../../src/locks/waiting-lines.ts'

const holder = { token: 'a guid', fence: 1_000, remainingMs: 20_000, claimed: true }
const held: AcquireReply = { outcome: 'queued', kept: true, ahead: 0, holders: [holder], now: 5_000 }
const granted: AcquireReply = { outcome: 'granted', fence: 2_000, acknowledged: 0, now: 6_000 }

/** A clock that stands until it is moved, and a Redis whose answers the test chooses. */
function world() {
  const asked: string[] = []
  const state = { now: 0, reply: held }
  const lines = waitingLines(() => state.now)
  const acquire = (token: string) =>
    lines.acquire('r', token, () => {
      asked.push(token)
      return Promise.resolve(state.reply)
    })
  return { asked, state, lines, acquire }
}

it('the first in line asks for all of the process', async () => {
  const { asked, state, acquire } = world()
  await acquire('first')
  for (let turn = 1; turn <= 10; turn += 1) {
    state.now = turn * 50
    await acquire('first')
    const answer = await acquire('second')
    expect(answer).toMatchObject({ outcome: 'queued', ahead: 1, holders: [holder], now: 5_000 })
  }
  expect(asked.filter((token) => token === 'second')).toEqual([])
})

it('an answer of before is brought up to date', async () => {
  const { state, acquire } = world()
  await acquire('first')
  state.now = 150
  const answer = await acquire('second')
  expect(answer).toMatchObject({ now: 5_150, holders: [{ ...holder, remainingMs: 19_850 }] })
})

it('those behind ask when the first does not, and it is out of line when it is silent for long', async () => {
  const { asked, state, acquire } = world()
  await acquire('first')
  state.now = 250
  await acquire('second')
  expect(asked).toEqual(['first', 'second'])
  state.now = 5_100
  await acquire('second')
  expect(await acquire('third')).toMatchObject({ ahead: 1 })
})

it('no line is left of those that went without a word, or whose question failed', async () => {
  const { state, lines, acquire } = world()
  await acquire('first')
  await expect(
    lines.acquire('refused', 'token', () => Promise.reject(new Error('no rights'))),
  ).rejects.toThrow('no rights')
  expect(lines.size).toBe(1)
  state.now = 6_000
  await lines.acquire('another', 'token', () => Promise.resolve(held))
  expect(lines.size).toBe(1)
})

it('a lease ends when it was known to end, unless it was renewed', async () => {
  const { state, acquire } = world()
  const answers: unknown[] = []
  for (const [now, remainingMs] of [
    [5_000, 20_000],
    [6_000, 19_001],
    [7_000, 17_998],
    [8_000, 30_000],
  ] as const) {
    state.reply = { ...held, now, holders: [{ ...holder, remainingMs }] }
    answers.push(await acquire('first'))
  }
  const ends = [20_000, 19_000, 18_000, 30_000]
  expect(answers).toEqual(
    ends.map((remainingMs) => expect.objectContaining({ holders: [{ ...holder, remainingMs }] })),
  )
})

it('who is granted it, or gives up, is out of line', async () => {
  const { asked, state, lines, acquire } = world()
  await acquire('first')
  await acquire('second')
  await acquire('third')
  lines.leave('r', 'first')
  state.reply = granted
  expect(await acquire('second')).toBe(granted)
  expect(await acquire('third')).toBe(granted)
  expect(asked).toEqual(['first', 'second', 'third'])
})
