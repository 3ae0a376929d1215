import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { type HttpCase, gate } from '../case.ts'
import type { Answer } from '../client.ts'
import { LEASE_MS } from '../contract.ts'
import { assertFirst, assertInProgress, assertReplay, assertRuns } from '../expect.ts'
import type { Instruction } from '../instruction.ts'
import type { Kit } from '../kit.ts'
import type { Watched } from '../witness.ts'

const answerOf = (run: number): Instruction => ({ kind: 'json', status: 200, json: { run } })

/**
 * Retries on the living instance until it takes the request over. Until then that instance must answer that the request
 * is in progress, at least for one lease after `startedAt`.
 */
async function takenOver(kit: Kit, watched: Watched, startedAt: number): Promise<Answer> {
  const ask = async (): Promise<Answer> => {
    const answer = await kit.post('lease', { watched })
    if (answer.status !== 200) assertInProgress(answer)
    return answer
  }
  const answer = await kit.poll(ask, ({ status }) => status === 200)
  assertFirst(answer, 200)
  assert.deepEqual(answer.json(), { run: 2 })
  assert.ok(performance.now() - startedAt > LEASE_MS - 50, 'not before the lease was over')
  return answer
}

/**
 * A handler that takes longer than its lease runs once; false where no answer came for a time in which the lease may have
 * ended: a machine that stands still so long loses it, rightly, and the case begins again.
 */
async function outlivesItsLease(kit: Kit): Promise<boolean> {
  const held = gate<Instruction>()
  const watched = kit.watch((run) => (run === 1 ? held.opened : answerOf(run)))
  const request = { key: randomUUID(), watched }
  const { answer } = kit.start('lease', request)
  await watched.begun(1)
  const until = performance.now() + 2.5 * LEASE_MS
  let answeredAt = performance.now()
  let longestGapMs = 0
  const last = await kit.poll(
    () => kit.post('lease', request),
    ({ status }) => {
      const now = performance.now()
      longestGapMs = Math.max(longestGapMs, now - answeredAt)
      answeredAt = now
      return status === 200 || now > until
    },
  )
  held.open(answerOf(1))
  if (longestGapMs > LEASE_MS / 2) return false
  assertInProgress(last)
  assertFirst(await answer, 200)
  assertRuns(watched, 1)
  return true
}

export const crashCases: readonly HttpCase[] = [
  {
    id: 'H49',
    title: 'a process killed in the handler: the request is in progress for one lease, then runs again, once',
    demand: 'safety',
    needs: ['spawn'],
    waits: true,
    async run(kit) {
      const victim = await kit.instance('spawn')
      const never = gate<Instruction>()
      const watched = kit.watch((run) => (run === 1 ? never.opened : answerOf(run)))
      const startedAt = performance.now()
      kit.start('lease', { at: victim, watched })
      await watched.begun(1)
      await victim.kill()
      const successor = await takenOver(kit, watched, startedAt)
      assertReplay(await kit.post('lease', { watched }), successor)
      assertRuns(watched, 2)
    },
  },
  {
    id: 'H50',
    title: 'a handler that takes longer than the lease is not run twice',
    demand: 'safety',
    waits: true,
    async run(kit) {
      while (!(await outlivesItsLease(kit)));
    },
  },
  {
    id: 'H51',
    title:
      "a process paused for longer than its lease: the successor's answer is recorded, and its own client still gets an answer",
    demand: 'safety',
    needs: ['spawn', 'takeover'],
    waits: true,
    async run(kit) {
      const frozen = await kit.instance('spawn')
      const held = gate<Instruction>()
      const watched = kit.watch((run) => (run === 1 ? held.opened : answerOf(run)))
      const startedAt = performance.now()
      const { answer } = kit.start('lease', { at: frozen, watched })
      await watched.begun(1)
      await frozen.pause()
      const successor = await takenOver(kit, watched, startedAt)
      await frozen.resume()
      held.open(answerOf(1))
      const late = await answer
      assertFirst(late, 200)
      assert.deepEqual(late.json(), { run: 1 })
      assertReplay(await kit.post('lease', { watched }), successor)
      assertReplay(await kit.post('lease', { at: frozen, watched }), successor)
      assertRuns(watched, 2)
    },
  },
  {
    id: 'H52',
    title: "a blocked event loop loses the lease: the successor's answer is recorded",
    demand: 'safety',
    needs: ['spawn', 'takeover'],
    waits: true,
    async run(kit) {
      const blocked = await kit.instance('spawn')
      const watched = kit.watch((run) => (run === 1 ? { kind: 'block', ms: 3 * LEASE_MS } : answerOf(run)))
      const startedAt = performance.now()
      const { answer } = kit.start('lease', { at: blocked, watched })
      await watched.begun(1)
      const successor = await takenOver(kit, watched, startedAt)
      const late = await answer
      assertFirst(late, 200)
      assert.deepEqual(late.json(), { blocked: true })
      assertReplay(await kit.post('lease', { watched }), successor)
      assertRuns(watched, 2)
    },
  },
]
