import assert from 'node:assert/strict'
import { Heard } from '../patience.ts'
import { type TestRunner, freshName } from '../runner.ts'
import { type OpenValues, freshValue } from './open-values.ts'

/** V7. */
export function waits(it: TestRunner['it'], { values, set }: OpenValues): void {
  /** Reserves the key for one caller, lets another find it, and subscribes. */
  const waitedFor = async (key: string) => {
    const mine = await values().reserve(key, 'Lmine.', 60_000)
    const call = listener()
    const stop = await values().subscribe(key, call)
    assert.ok((await values().reserve(key, 'Lother.', 60_000)).startsWith(mine))
    return { mine, stop, heard: call.heard }
  }
  const ends: Record<string, (key: string, mine: string) => Promise<unknown>> = {
    'is replaced': (key, mine) => values().replace(key, mine, freshValue('value'), 60_000),
    'is removed by its owner': (key, mine) => values().removeIf(key, mine),
    'is found removed at a replace': async (key, mine) => {
      await values().remove([key])
      assert.equal(await values().replace(key, mine, freshValue('value'), 60_000), false)
    },
    'is found removed at a removeIf': async (key, mine) => {
      await values().remove([key])
      assert.equal(await values().removeIf(key, mine), false)
    },
    'is found overwritten': async (key, mine) => {
      await set(key, 'by another')
      assert.equal(await values().replace(key, mine, freshValue('value'), 60_000), false)
    },
    'is extended, then replaced': async (key, mine) => {
      assert.equal(await values().extend(key, mine, 60_000), true)
      assert.equal(await values().replace(key, mine, freshValue('value'), 60_000), true)
    },
  }

  for (const [how, end] of Object.entries(ends)) {
    it(`V7 calls who subscribes when a placeholder that another caller has found ${how}`, async () => {
      const key = freshName('waited for')
      const { mine, stop, heard } = await waitedFor(key)
      await end(key, mine)
      await heard()
      stop()
    })
  }

  it('V7 calls when the end is known by a repeated reservation as well', async () => {
    const key = freshName('waited for')
    const { stop, heard } = await waitedFor(key)
    const shown = await values().reserve(key, 'Lmine.', 60_000)
    assert.equal(await values().replace(key, shown, freshValue('value'), 60_000), true)
    await heard()
    stop()
  })

  it('V7 calls each who subscribes until it stops', async () => {
    const key = freshName('waited for')
    const [stopped, kept] = [listener(), listener()]
    const stop = await values().subscribe(key, stopped)
    const stopAgain = await values().subscribe(key, stopped)
    const stopKept = await values().subscribe(key, kept)
    const end = async (): Promise<void> => {
      const mine = await values().reserve(key, 'Lmine.', 60_000)
      await values().reserve(key, 'Lother.', 60_000)
      assert.equal(await values().removeIf(key, mine), true)
      await kept.heard()
    }
    await end()
    await stopped.heard(2)
    stop()
    stopAgain()
    const before = stopped.calls()
    await end()
    assert.equal(stopped.calls(), before)
    stopKept()
  })

  it('V7 does not call a subscriber of another key', async () => {
    const [key, other] = [freshName('waited for'), freshName('other')]
    const elsewhere = listener()
    const stop = await values().subscribe(other, elsewhere)
    const { mine, stop: stopped, heard } = await waitedFor(key)
    await values().removeIf(key, mine)
    await heard()
    assert.equal(elsewhere.calls(), 0)
    stop()
    stopped()
  })
}

interface Listener {
  (): void
  /** Resolves after so many calls more than the last one that was waited for. */
  heard(count?: number): Promise<void>
  calls(): number
}

function listener(): Listener {
  const calls = new Heard<'a call'>()
  let awaited = 0
  return Object.assign(() => calls.add('a call'), {
    async heard(count = 1) {
      awaited += count
      await calls.until(({ length }) => length >= awaited)
    },
    calls: () => calls.all.length,
  })
}
