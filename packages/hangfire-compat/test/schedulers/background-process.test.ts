import { once } from 'node:events'
import { describe, expect, it } from 'vitest'
import { runInBackground } from '../../src/schedulers/background-process.ts'
import { eventually } from '../eventually.ts'

const aborted = async (signal: AbortSignal): Promise<void> => {
  if (!signal.aborted) await once(signal, 'abort')
}

describe.concurrent('a process in the background', () => {
  it('looks again when its pass says so, and after its interval at the latest', async () => {
    const looks: number[] = []
    const process = runInBackground({
      intervalMs: 300,
      onError: () => {},
      async pass() {
        looks.push(performance.now())
        return looks.length % 2 === 0 ? 600_000 : 0
      },
    })
    await eventually(() => looks.length >= 5, true)
    await process.stop()
    const [first = 0, second = 0, third = 0] = looks
    // An even look waits for the interval, which a timer may end a millisecond early.
    expect(third - second).toBeGreaterThanOrEqual(299)
    expect(second).toBeGreaterThanOrEqual(first)
  })

  it('H8: goes on after what fails, whatever hears of it', async () => {
    const heard: unknown[] = []
    let passes = 0
    const process = runInBackground({
      intervalMs: 1,
      onError(error) {
        heard.push(error)
        throw new Error('a listener that fails')
      },
      async pass() {
        passes += 1
        if (passes < 3) throw new Error(`pass ${passes}`)
        return undefined
      },
    })
    await eventually(() => passes >= 5, true)
    await process.stop()
    expect(heard).toEqual([new Error('pass 1'), new Error('pass 2')])
  })

  it('is stopped when its pass has ended, which hears of it; what the pass then fails with is no error', async () => {
    const heard: unknown[] = []
    let passes = 0
    let isOver = false
    const process = runInBackground({
      intervalMs: 1,
      onError: (error) => heard.push(error),
      async pass(signal) {
        passes += 1
        await aborted(signal)
        isOver = true
        throw new Error('it was stopped')
      },
    })
    await eventually(() => passes, 1)
    const stopped = process.stop()
    expect(isOver).toBe(false)
    await stopped
    await process.stop()
    expect({ isOver, passes, heard }).toEqual({ isOver: true, passes: 1, heard: [] })
  })

  it('is stopped at once while it waits', async () => {
    const process = runInBackground({
      intervalMs: 3_600_000,
      onError: () => {},
      pass: async () => undefined,
    })
    await new Promise(setImmediate)
    await process.stop()
  })
})
