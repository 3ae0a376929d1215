import assert from 'node:assert/strict'
import type { HttpCase } from '../case.ts'
import type { RouteName } from '../contract.ts'
import { assertFirst, assertProblem, assertReplay, assertRuns } from '../expect.ts'
import type { Instruction } from '../instruction.ts'
import type { Kit } from '../kit.ts'

const ok: Instruction = { kind: 'json', status: 200, json: { ok: true } }

/** The first run follows this instruction, the next ones succeed. */
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

const OUR_CHOICE = 'the draft has the error replayed: see H47a'

export const failureCases: readonly HttpCase[] = [
  {
    id: 'H43a',
    title: `a handler that throws runs again (${OUR_CHOICE})`,
    demand: 'option',
    run: (kit) => isRunAgain(kit, 'charge', { kind: 'throw', message: 'it broke' }, 500),
  },
  {
    id: 'H43b',
    title: `a handler that answers 503 runs again (${OUR_CHOICE})`,
    demand: 'option',
    run: (kit) => isRunAgain(kit, 'charge', json(503), 503),
  },
  {
    id: 'H44a',
    title: "a handler's 422 and 302 are final answers and are replayed",
    demand: 'draft',
    async run(kit) {
      await isReplayed(kit, 'charge', json(422), 422)
      await isReplayed(kit, 'charge', json(302), 302)
    },
  },
  {
    id: 'H44b',
    title: "the framework's 400, thrown by a handler, is a final answer and is replayed",
    demand: 'draft',
    run: (kit) => isReplayed(kit, 'charge', { kind: 'throw', message: 'not like this', status: 400 }, 400),
  },
  {
    id: 'H45a',
    title: 'failed validation before the handler does not use up the key or bind it to that body',
    demand: 'safety',
    async run(kit) {
      const watched = kit.watch(ok)
      const invalid = await kit.post('validated', { json: { amount: 'many' }, watched })
      assertFirst(invalid, 400)
      const valid = await kit.post('validated', { json: { amount: 1 }, watched })
      assertFirst(valid, 200)
      assertReplay(await kit.post('validated', { json: { amount: 1 }, watched }), valid)
      assertRuns(watched, 1)
    },
  },
  {
    id: 'H45b',
    title: 'a guard that refuses does not use up the key, and runs again before a replay',
    demand: 'safety',
    async run(kit) {
      const watched = kit.watch(ok)
      const guarded = (role: string) => kit.post('guarded', { headers: { 'x-role': role }, watched })
      assertFirst(await guarded('nobody'), 401)
      assertFirst(await guarded('eager'), 429)
      const allowed = await guarded('somebody')
      assertFirst(allowed, 200)
      assertFirst(await guarded('nobody'), 401)
      assertReplay(await guarded('somebody'), allowed)
      assertRuns(watched, 1)
    },
  },
  {
    id: 'H45c',
    title: `a handler that answers 401, 403, 409 or 429 runs again (${OUR_CHOICE})`,
    demand: 'option',
    async run(kit) {
      for (const status of [401, 403, 409, 429]) await isRunAgain(kit, 'charge', json(status), status)
    },
  },
  {
    id: 'H45d',
    title: 'after such an answer the key accepts another body',
    demand: 'option',
    async run(kit) {
      const watched = kit.watch(first(json(403)))
      assertFirst(await kit.post('charge', { json: { amount: 1 }, watched }), 403)
      assertFirst(await kit.post('charge', { json: { amount: 2 }, watched }), 200)
      assertRuns(watched, 2)
    },
  },
  {
    id: 'H46',
    title: "the replay is the response that the app's error handler made",
    demand: 'safety',
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
    id: 'H47a',
    title: "with replay: 'stripe-v1' failures are replayed too",
    demand: 'draft',
    async run(kit) {
      await isReplayed(kit, 'stripe', { kind: 'throw', message: 'it broke' }, 500)
      await isReplayed(kit, 'stripe', json(429), 429)
    },
  },
  {
    id: 'H47b',
    title: "with replay: 'success-only' everything but a success runs again",
    demand: 'option',
    async run(kit) {
      await isReplayed(kit, 'success', json(201), 201)
      await isRunAgain(kit, 'success', json(400), 400)
      await isRunAgain(kit, 'success', json(500), 500)
    },
  },
  {
    id: 'H48',
    title: 'after the last allowed attempt the request stays failed',
    demand: 'option',
    async run(kit) {
      const watched = kit.watch({ kind: 'throw', message: 'it breaks every time' })
      for (let run = 1; run <= 2; run += 1) assertFirst(await kit.post('attempts', { watched }), 500)
      for (let n = 0; n < 2; n += 1) {
        const problem = assertProblem(
          await kit.post('attempts', { watched }),
          500,
          'IDEMPOTENCY_EXECUTION_FAILED',
        )
        if (!kit.target.dialect) continue
        assert.equal(problem['attempts'], 2)
        assert.equal(problem['retryable'], false)
      }
      assertRuns(watched, 2)
    },
  },
]
