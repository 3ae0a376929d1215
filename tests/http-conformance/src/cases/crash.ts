import assert from 'node:assert/strict'
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
      const held = gate<Instruction>()
      const watched = kit.watch(() => held.opened)
      const { answer } = kit.start('lease', { watched })
      await watched.begun(1)
      const until = performance.now() + 2.5 * LEASE_MS
      const last = await kit.poll(
        () => kit.post('lease', { watched }),
        ({ status }) => status === 200 || performance.now() > until,
      )
      assertInProgress(last)
      held.open(answerOf(1))
      assertFirst(await answer, 200)
      assertRuns(watched, 1)
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
