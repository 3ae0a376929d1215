/** What a process keeps of the copies that it reads again and again. */
import { afterEach, describe, expect, it, vi } from 'vitest'
import { nearWorld, warm } from './world.ts'

/** How many texts the calls turn into values. */
async function decoded(calls: () => Promise<unknown>): Promise<number> {
  const spy = vi.spyOn(JSON, 'parse')
  await calls()
  return spy.mock.calls.length
}

const times = async (count: number, call: () => Promise<unknown>): Promise<void> => {
  for (let i = 0; i < count; i += 1) await call()
}

describe('a copy that is hit again and again', () => {
  afterEach(() => void vi.restoreAllMocks())

  it('makes its value from its text twice, and then copies that; each caller has its own', async () => {
    const { near } = nearWorld()
    await near.set('k', { list: [{ at: 1 }] })
    await warm(near, 'k')
    const values: (object | undefined)[] = []
    expect(await decoded(() => times(6, async () => values.push(await near.get<object>('k'))))).toBeLessThan(
      3,
    )
    expect(values).toStrictEqual(Array.from({ length: 6 }, () => ({ list: [{ at: 1 }] })))
    expect(new Set(values.map((value) => (value as { list: object[] }).list[0])).size).toBe(6)
  })

  it('is not what a caller has changed, whatever that caller asked for', async () => {
    const { near } = nearWorld()
    await near.set('k', { list: [1] })
    await warm(near, 'k')
    for (let round = 0; round < 3; round += 1) {
      for (let i = 0; i < 4; i += 1) {
        const copy = await near.get<{ list: number[] }>('k')
        expect(copy).toStrictEqual({ list: [1] })
        copy?.list.push(2)
      }
      const shared = await near.getOrCreate('k', () => ({ list: [0] }), { copy: false })
      // It breaks its promise, and those who asked for copies have none of that.
      shared.list.push(3)
    }
  })

  it('goes when it is invalidated, as every other', async () => {
    const { near, other } = nearWorld()
    await near.set('k', { at: 1 })
    await warm(near, 'k')
    await times(4, () => near.get('k'))
    await other.set('k', { at: 2 })
    expect(await near.get('k')).toEqual({ at: 2 })
  })

  it('leaves its room to others when it goes', async () => {
    const { near, other } = nearWorld({ near: { maxBytes: 64 * 1_024 } })
    const text = 'x'.repeat(1_000)
    await near.set('stays', { text })
    await warm(near, 'stays')
    await times(3, () => near.get('stays'))
    for (let at = 0; at < 12; at += 1) {
      await other.set('changes', { text, at })
      await warm(near, 'changes')
      await times(3, () => near.get('changes'))
      vi.restoreAllMocks()
      expect(await decoded(() => near.get('stays'))).toBe(0)
    }
  })

  it('is one of as many as the sixteenth part of maxBytes has room for', async () => {
    const { near } = nearWorld({ near: { maxBytes: 64 * 1_024 } })
    const keys = Array.from({ length: 8 }, (_, i) => `k${i}`)
    for (const key of keys) await near.set(key, { text: 'x'.repeat(1_000) })
    await warm(near, ...keys)
    const round = (some: readonly string[]) => async (): Promise<void> => {
      for (const key of some) await times(3, () => near.get(key))
    }
    await round(keys)()
    // Four of them fit: the others make room, and come back.
    expect(await decoded(round(keys.slice(6)))).toBeLessThan(5)
    vi.restoreAllMocks()
    expect(await decoded(round(keys))).toBeGreaterThan(8)
    const large = { text: 'x'.repeat(5_000) }
    await near.set('large', large)
    await warm(near, 'large')
    vi.restoreAllMocks()
    expect(await decoded(() => times(5, () => near.get('large')))).toBe(5)
    expect(await near.get('large')).toEqual(large)
  })
})
