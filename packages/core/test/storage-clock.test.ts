import { expect, it } from 'vitest'
import { StorageClock } from '../src/support/storage-clock.ts'
import { manualRuntime } from './manual-runtime.ts'

function observed(tookMs: number) {
  const runtime = manualRuntime()
  const clock = new StorageClock(runtime)
  const observe = async (took: number): Promise<void> => {
    const sentAt = { monotonic: runtime.monotonicNow(), wall: runtime.wallNow() }
    // Stamped at once; the answer is read so much later.
    const now = Math.floor(runtime.wallNow())
    await runtime.advance(took)
    clock.observe(sentAt, now)
  }
  return { runtime, clock, observe, begun: observe(tookMs) }
}

it('shows at the latest what a storage shows that stamped the answer at once, however long the process was stopped with it', async () => {
  for (const tookMs of [0, 3, 5_000]) {
    const { runtime, clock, begun } = observed(tookMs)
    await begun
    expect(clock.latest).toBeGreaterThanOrEqual(Math.floor(runtime.wallNow()))
    await runtime.advance(10_000)
    expect(clock.latest).toBeGreaterThanOrEqual(Math.floor(runtime.wallNow()))
    expect(clock.latest).toBeLessThanOrEqual(Math.ceil(runtime.wallNow()) + tookMs + 1)
  }
})

it('is in doubt when the process was stopped with the answer, until it has a quick one', async () => {
  const { clock, observe, begun } = observed(5_000)
  await begun
  expect(clock.isInDoubt).toBe(true)
  await observe(2)
  expect(clock.isInDoubt).toBe(false)
})

it('counts what its machine slept with the answer, and is in doubt: values have aged by that', async () => {
  const { runtime, clock, observe, begun } = observed(2)
  await begun
  await observe(2)
  const sentAt = { monotonic: runtime.monotonicNow(), wall: runtime.wallNow() }
  const now = Math.floor(runtime.wallNow())
  await runtime.advance(10)
  // The monotonic clock stands still meanwhile.
  runtime.stepWall(600)
  clock.observe(sentAt, now)
  expect(clock.latest).toBeGreaterThanOrEqual(now + 610)
  expect(clock.isInDoubt).toBe(true)
})
