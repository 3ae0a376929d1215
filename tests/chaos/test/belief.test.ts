import { expect, it } from 'vitest'
import { witnessSignal } from '../src/belief.ts'

function stall(ms: number): void {
  const until = performance.now() + ms
  while (performance.now() < until);
}

it('does not witness a signal whose abort was due before, however Node orders its timers', async () => {
  const told: unknown[] = []
  const controller = new AbortController()
  // Node has a list of timers for each length: what is set for 1 ms below rings with this one, and before the abort.
  setTimeout(() => {}, 1)
  setTimeout(() => controller.abort(), 50)
  stall(100)
  const witnessed = witnessSignal({ record: (event) => void told.push(event) }, 'owner', controller.signal)
  stall(5)
  await witnessed
  expect(told).toEqual([])
})

it('witnesses a signal that is not aborted, at the instant of the check', async () => {
  const told: unknown[] = []
  await witnessSignal({ record: (event) => void told.push(event) }, 'owner', new AbortController().signal)
  expect(told).toEqual([{ type: 'valid', at: expect.any(Number) as number, owner: 'owner' }])
})
