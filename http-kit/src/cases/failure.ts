import assert from 'node:assert/strict'
import { type HttpCase, type Kit, type RouteName } from '../case.ts'
import { assertFirst, assertProblem, assertReplay, assertRuns } from '../expect.ts'
import type { Instruction } from '../instruction.ts'

const ok: Instruction = { kind: 'json', status: 200, json: { ok: true } }

/** The first run does this, the next ones succeed. */
const first =
  (instruction: Instruction) =>
  (run: number): Instruction =>
    run === 1 ? instruction : ok

async function isRunAgain(
  kit: Kit,
  route: RouteName,
  instruction: Instruction,
  status: number,
): Promise<void> {
  const watched = kit.watch(first(instruction))
  const key = `${kit.key}-${route}-${status}`
  assertFirst(await kit.post(route, { key, watched }), status)
  const second = await kit.post(route, { key, watched })
  assertFirst(second, 200)
  assertReplay(await kit.post(route, { key, watched }), second)
  assertRuns(watched, 2)
}

async function isReplayed(
  kit: Kit,
  route: RouteName,
  instruction: Instruction,
  status: number,
): Promise<void> {
  const watched = kit.watch(first(instruction))
  const key = `${kit.key}-${route}-${status}`
  const answer = await kit.post(route, { key, watched })
  assertFirst(answer, status)
  assertReplay(await kit.post(route, { key, watched }), answer)
  assertRuns(watched, 1)
}

const json = (status: number): Instruction => ({ kind: 'json', status, json: { status } })

export const failureCases: readonly HttpCase[] = [
  {
    id: 'H43',
    title: 'a handler that throws runs again',
    async run(kit) {
      await isRunAgain(kit, 'charge', { kind: 'throw', message: 'it broke' }, 500)
      await isRunAgain(kit, 'charge', json(503), 503)
    },
  },
  {
    id: 'H44',
    title: "the framework's 400 from a handler is an answer, and is replayed",
    async run(kit) {
      await isReplayed(kit, 'charge', { kind: 'throw', message: 'not like this', status: 400 }, 400)
      await isReplayed(kit, 'charge', json(422), 422)
      await isReplayed(kit, 'charge', json(302), 302)
    },
  },
  {
    id: 'H45',
    title: 'what refuses before the handler does not use the key up, nor bind it to that body',
    async run(kit) {
      const watched = kit.watch(ok)
      const invalid = await kit.post('validated', { json: { amount: 'many' }, watched })
      assertFirst(invalid, 400)
      const valid = await kit.post('validated', { json: { amount: 1 }, watched })
      assertFirst(valid, 200)
      assertReplay(await kit.post('validated', { json: { amount: 1 }, watched }), valid)
      assertRuns(watched, 1)

      const guarded = (role: string) => kit.post('guarded', { headers: { 'x-role': role }, watched })
      assertFirst(await guarded('nobody'), 401)
      assertFirst(await guarded('eager'), 429)
      const allowed = await guarded('somebody')
      assertFirst(allowed, 200)
      // Authentication is asked again before a replay.
      assertFirst(await guarded('nobody'), 401)
      assertReplay(await guarded('somebody'), allowed)
      assertRuns(watched, 2)

      for (const status of [401, 403, 409, 429]) await isRunAgain(kit, 'charge', json(status), status)
      const refusing = kit.watch(first(json(403)))
      assertFirst(await kit.post('charge', { json: { amount: 1 }, watched: refusing }), 403)
      assertFirst(await kit.post('charge', { json: { amount: 2 }, watched: refusing }), 200)
    },
  },
  {
    id: 'H46',
    title: 'what the app makes of an error is what is replayed',
    async run(kit) {
      const watched = kit.watch({ kind: 'throw', message: 'tea only' })
      const answer = await kit.post('filtered', { watched })
      assertFirst(answer, 418)
      assert.deepEqual(answer.json(), { filtered: 'tea only' })
      assertReplay(await kit.post('filtered', { watched }), answer)
      assertRuns(watched, 1)
    },
  },
  {
    id: 'H47',
    title: 'presets: stripe-v1 replays failures too, success-only nothing but successes',
    async run(kit) {
      await isReplayed(kit, 'stripe', { kind: 'throw', message: 'it broke' }, 500)
      await isReplayed(kit, 'stripe', json(429), 429)
      await isReplayed(kit, 'success', json(201), 201)
      await isRunAgain(kit, 'success', json(400), 400)
      await isRunAgain(kit, 'success', json(500), 500)
    },
  },
  {
    id: 'H48',
    title: 'after the last allowed attempt it stays failed',
    async run(kit) {
      const watched = kit.watch({ kind: 'throw', message: 'it breaks every time' })
      for (let run = 1; run <= 2; run += 1) assertFirst(await kit.post('attempts', { watched }), 500)
      for (let n = 0; n < 2; n += 1) {
        const problem = assertProblem(
          await kit.post('attempts', { watched }),
          500,
          'IDEMPOTENCY_EXECUTION_FAILED',
        )
        assert.equal(problem['attempts'], 2)
        assert.equal(problem['retryable'], false)
      }
      assertRuns(watched, 2)
    },
  },
]
