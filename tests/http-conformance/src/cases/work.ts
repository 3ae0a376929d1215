import assert from 'node:assert/strict'
import { type HttpCase, gate } from '../case.ts'
import type { Answer } from '../client.ts'
import type { RouteName } from '../contract.ts'
import {
  assertFirst,
  assertInProgress,
  assertMark,
  assertProblem,
  assertReplay,
  assertRuns,
} from '../expect.ts'
import { AFTERWARDS_HEADER, type Instruction, WATCHDOG_HEADER } from '../instruction.ts'
import type { Kit } from '../kit.ts'
import type { Watched } from '../witness.ts'

const text = (status: number): Instruction => ({ kind: 'text', status, text: `text ${status}` })
const value: Instruction = { kind: 'json', status: 200, json: { charged: true } }
const failure: Instruction = { kind: 'throw', message: 'it broke' }

/** The case decides later what the first run does; the next ones succeed. */
function held(kit: Kit): { readonly watched: Watched; open(instruction: Instruction): void } {
  const { opened, open } = gate<Instruction>()
  return { watched: kit.watch((run) => (run === 1 ? opened : value)), open }
}

/** Retries until the end of the handler is recorded. */
function whenEnded(kit: Kit, route: RouteName, watched: Watched): Promise<Answer> {
  return kit.poll(
    () => kit.post(route, { watched }),
    ({ isOurs, status, text: body }) => (isOurs ? !body.includes('IDEMPOTENCY_IN_PROGRESS') : status !== 409),
  )
}

/** The watchdog has answered `status` while the handler runs. Calling `open` tells the handler how to go on. */
async function givenUp(
  kit: Kit,
  route: RouteName,
  status: number,
): Promise<{ readonly watched: Watched; open(instruction: Instruction): void; readonly answer: Answer }> {
  const { watched, open } = held(kit)
  const watchdog = gate<Instruction>()
  const headers = { [WATCHDOG_HEADER]: kit.watch(() => watchdog.opened).url }
  const sent = kit.start(route, { watched, headers })
  await watched.begun(1)
  watchdog.open(text(status))
  const answer = await sent.answer
  assertFirst(answer, status)
  return { watched, open, answer }
}

async function chargesOnce(kit: Kit, route: RouteName, status: number): Promise<void> {
  const { watched, open } = await givenUp(kit, route, status)
  for (let n = 0; n < 3; n += 1) assertInProgress(await kit.post(route, { watched }))
  assertRuns(watched, 1)
  open(value)
  for (let n = 0; n < 2; n += 1) {
    const answer = await whenEnded(kit, route, watched)
    // The value, or a problem that says that the value is lost.
    if (answer.status === 200) assertMark(answer, 'true')
    else assertProblem(answer, 409, 'IDEMPOTENCY_RESPONSE_NOT_STORED')
  }
  assertRuns(watched, 1)
}

async function runsAgainWhenItFailed(kit: Kit, route: RouteName, status: number): Promise<void> {
  const { watched, open } = await givenUp(kit, route, status)
  for (let n = 0; n < 3; n += 1) assertInProgress(await kit.post(route, { watched }))
  assertRuns(watched, 1)
  open(failure)
  assertFirst(await whenEnded(kit, route, watched), 200)
  assertRuns(watched, 2)
}

async function runsAgain(
  kit: Kit,
  route: RouteName,
  instruction: Instruction,
  status: number,
): Promise<void> {
  const watched = kit.watch((run) => (run === 1 ? instruction : text(200)))
  assertFirst(await kit.post(route, { watched }), status)
  const second = await whenEnded(kit, route, watched)
  assertFirst(second, 200)
  assertReplay(await whenEnded(kit, route, watched), second)
  assertRuns(watched, 2)
}

async function isReplayed(kit: Kit, route: RouteName): Promise<void> {
  const watched = kit.watch(text(202))
  const first = await kit.post(route, { watched })
  assertFirst(first, 202)
  assertReplay(await kit.post(route, { watched }), first)
  assertRuns(watched, 1)
}

/** A handler that sends `status` itself, and ends as `open` says. */
async function answered(
  kit: Kit,
  status: number,
): Promise<{ readonly watched: Watched; open(instruction: Instruction): void; readonly answer: Answer }> {
  const watched = kit.watch((run) => text(run === 1 ? status : 200))
  const { opened, open } = gate<Instruction>()
  const headers = { [AFTERWARDS_HEADER]: kit.watch(() => opened).url }
  const answer = await kit.post('own', { watched, headers })
  assertFirst(answer, status)
  return { watched, open, answer }
}

/** Rules R6 and R7: who may see a replay, and how long a handler counts as running. */
export const workCases: readonly HttpCase[] = [
  {
    id: 'H70',
    title: 'the last check that the framework runs before a handler refuses a replay as well',
    demand: 'safety',
    async run(kit) {
      const watched = kit.watch(value)
      const as = (role: string) => kit.post('late', { headers: { 'x-role': role }, watched })
      assertFirst(await as('nobody'), 401)
      const first = await as('somebody')
      assertFirst(first, 200)
      assertFirst(await as('nobody'), 401)
      assertReplay(await as('somebody'), first)
      assertRuns(watched, 1)
    },
  },
  {
    id: 'H71',
    title: 'a watchdog answers while the handler runs, which then succeeds: it never runs again',
    demand: 'safety',
    needs: ['watchdog'],
    run: (kit) => chargesOnce(kit, 'charge', 503),
  },
  {
    id: 'H72',
    title: 'a watchdog answers 408 while the handler runs, which then succeeds: it never runs again',
    demand: 'safety',
    needs: ['watchdog'],
    run: (kit) => chargesOnce(kit, 'charge', 408),
  },
  {
    id: 'H73',
    title: 'a watchdog answers while the handler runs, which then fails: it runs again only after that',
    demand: 'safety',
    needs: ['watchdog'],
    run: (kit) => runsAgainWhenItFailed(kit, 'charge', 503),
  },
  {
    id: 'H74',
    title: "the framework's own handler timeout behaves like a watchdog",
    demand: 'safety',
    run: (kit) => chargesOnce(kit, 'timed', 408),
  },
  {
    id: 'H75',
    title: "after the framework's own handler timeout a handler that then fails runs again",
    demand: 'safety',
    run: (kit) => runsAgainWhenItFailed(kit, 'timed', 408),
  },
  {
    id: 'H76',
    title: 'an answer that the policy stores is stored at once, also that of a watchdog',
    demand: 'option',
    needs: ['watchdog'],
    async run(kit) {
      const { watched, open, answer } = await givenUp(kit, 'stripe', 503)
      assertReplay(await kit.post('stripe', { watched }), answer)
      open(value)
      assertReplay(await kit.post('stripe', { watched }), answer)
      assertRuns(watched, 1)
    },
  },
  {
    id: 'H77',
    title: 'a handler that sends its answer itself and ends',
    demand: 'draft',
    async run(kit) {
      await isReplayed(kit, 'own')
    },
  },
  {
    id: 'H78',
    title: 'a handler that sends an answer not to store and ends: it runs again',
    demand: 'option',
    run: (kit) => runsAgain(kit, 'own', text(503), 503),
  },
  {
    id: 'H79',
    title: 'a handler that sends its answer itself and continues: an answer to store is stored at once',
    demand: 'safety',
    async run(kit) {
      const { watched, open, answer } = await answered(kit, 202)
      assertReplay(await kit.post('own', { watched }), answer)
      open(failure)
      assertReplay(await kit.post('own', { watched }), answer)
      assertRuns(watched, 1)
    },
  },
  {
    id: 'H80',
    title:
      'a handler that sends an answer not to store and continues: it runs again after the handler has ended',
    demand: 'option',
    async run(kit) {
      const { watched, open } = await answered(kit, 503)
      for (let n = 0; n < 3; n += 1) assertInProgress(await kit.post('own', { watched }))
      assertRuns(watched, 1)
      open(failure)
      assertFirst(await whenEnded(kit, 'own', watched), 200)
      assertRuns(watched, 2)
    },
  },
  {
    id: 'H81',
    title: 'a handler that answers from a callback',
    demand: 'draft',
    run: (kit) => isReplayed(kit, 'callback'),
  },
  {
    id: 'H82',
    title: 'a handler that sends an answer not to store from a callback: it runs again',
    demand: 'option',
    run: (kit) => runsAgain(kit, 'callback', text(503), 503),
  },
  {
    id: 'H83',
    title: 'a handler that bypasses the framework with an answer not to store runs again',
    demand: 'option',
    needs: ['streams'],
    run: (kit) => runsAgain(kit, 'charge', { kind: 'hijack', status: 503, text: 'raw' }, 503),
  },
  {
    id: 'H84',
    title: "an error that the app's error handler turns into a success is replayed",
    demand: 'option',
    async run(kit) {
      const watched = kit.watch(failure)
      const first = await kit.post('pardoned', { watched })
      assertFirst(first, 200)
      assert.deepEqual(first.json(), { filtered: 'it broke' })
      assertReplay(await kit.post('pardoned', { watched }), first)
      assertRuns(watched, 1)
    },
  },
]
