import { expect, it } from 'vitest'
import { PushLink } from '../../src/locks/push-link.ts'
import { memoryStorage } from '../../src/memory/memory-storage.ts'
import { StorageClient } from '../../src/support/storage-client.ts'
import { manualRuntime, settle } from '../manual-runtime.ts'

const CALL_TIMEOUT_MS = 400

/** A link that leads elsewhere until it is made anew; `counts` says what became of each question. */
async function linkThatLeadsElsewhere() {
  const runtime = manualRuntime()
  const storage = memoryStorage({ now: () => runtime.monotonicNow() })
  const counts: ('unanswered' | number)[] = []
  let listeners = 0
  let answers = true
  const leases = {
    ...storage.leases,
    async countListeners(): Promise<number> {
      counts.push(answers ? listeners : 'unanswered')
      return answers ? listeners : await new Promise<never>(() => undefined)
    },
    async listenAnew(): Promise<void> {
      listeners = 1
    },
  }
  const calls = new StorageClient({ ...storage, leases }, runtime, {
    callTimeoutMs: CALL_TIMEOUT_MS,
    maxPendingCalls: 10_000,
  })
  const link = new PushLink(calls, leases, 'p', { received: () => undefined, doubted: () => undefined })
  link.listen()
  await settle()
  return { runtime, link, counts, answer: (does: boolean) => (answers = does) }
}

it('counts again for the next caller when the count after a lost place was not answered', async () => {
  const { runtime, link, counts, answer } = await linkThatLeadsElsewhere()
  answer(false)
  link.lostPlace()
  await runtime.advance(CALL_TIMEOUT_MS + 1_000)
  answer(true)
  link.listen()
  await settle()
  expect(counts).toEqual(['unanswered', 0, 1])
  expect(link.listening).toBe(true)
  // And no more once it is sure.
  await runtime.advance(2_000)
  link.listen()
  await settle()
  expect(counts).toHaveLength(3)
})
