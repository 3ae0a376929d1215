import assert from 'node:assert/strict'
import { type HttpCase, gate } from '../case.ts'
import type { Answer } from '../client.ts'
import { assertFirst, assertInProgress, assertReplay, assertRuns } from '../expect.ts'
import type { Instruction } from '../instruction.ts'

const ok: Instruction = { kind: 'json', status: 200, json: { ok: true } }

const numbered = (run: number): Instruction => ({ kind: 'json', status: 200, json: { run } })

const isMarked = ({ headers }: Answer): boolean => headers['idempotent-replayed'] === 'true'

/** All requests got the same answer. Holdfast marks all but one as replays. */
function assertShared(answers: readonly Answer[]): void {
  const [first, ...others] = answers.toSorted((a, b) => Number(isMarked(a)) - Number(isMarked(b)))
  assert.ok(first)
  assertFirst(first, 200)
  for (const other of others) assertReplay(other, first)
}

export const concurrencyCases: readonly HttpCase[] = [
  {
    id: 'H37',
    title: 'of 2, 10 and 100 concurrent requests one runs, the others get 409 with Retry-After',
    demand: 'draft',
    async run(kit) {
      for (const many of [2, 10, 100]) {
        const held = gate<Instruction>()
        const watched = kit.watch(() => held.opened)
        const key = `${kit.key}-${many}`
        let answered = 0
        const answers = kit.together(many, async () => {
          const answer = await kit.post('charge', { key, watched })
          // The case holds the handler until all other requests have their answer.
          if ((answered += 1) === many - 1) held.open(ok)
          return answer
        })
        const [ran, ...others] = (await Promise.all(answers)).sort((a, b) => a.status - b.status)
        assert.ok(ran)
        assertFirst(ran, 200)
        for (const other of others) assertInProgress(other)
        assertRuns(watched, 1)
      }
    },
  },
  {
    id: 'H38',
    title: 'all waiting requests get the same answer',
    demand: 'option',
    async run(kit) {
      const held = gate<Instruction>()
      const watched = kit.watch(() => held.opened)
      const answers = kit.together(8, () => kit.post('wait', { watched }))
      await watched.begun(1)
      const early = await Promise.race([
        ...answers,
        new Promise((resolve) => setTimeout(resolve, 200, 'none')),
      ])
      assert.equal(early, 'none', 'none is answered before the first')
      held.open(ok)
      assertShared(await Promise.all(answers))
      assertRuns(watched, 1)
    },
  },
  {
    id: 'H39a',
    title: 'a request waits no longer than waitMs',
    demand: 'option',
    async run(kit) {
      const held = gate<Instruction>()
      const watched = kit.watch(() => held.opened)
      const first = kit.start('impatient', { watched })
      await watched.begun(1)
      assertInProgress(await kit.post('impatient', { watched }))
      held.open(ok)
      assertFirst(await first.answer, 200)
      assertRuns(watched, 1)
    },
  },
  {
    id: 'H39b',
    title: 'only a limited number of requests may wait',
    demand: 'option',
    async run(kit) {
      const held = gate<Instruction>()
      const watched = kit.watch(() => held.opened)
      const crowd = kit.start('crowded', { watched })
      await watched.begun(1)
      // Two may wait, so three are refused at once.
      const told: Answer[] = []
      const threeTold = gate()
      const waiting = kit.together(5, async () => {
        const answer = await kit.post('crowded', { watched })
        if (told.push(answer) === 3) threeTold.open()
        return answer
      })
      await threeTold.opened
      for (const answer of told) assertInProgress(answer)
      held.open(ok)
      const first = await crowd.answer
      assertFirst(first, 200)
      const rest = (await Promise.all(waiting)).filter(({ status }) => status === 200)
      assert.equal(rest.length, 2)
      for (const answer of rest) assertReplay(answer, first)
      assertRuns(watched, 1)
    },
  },
  {
    id: 'H40',
    title:
      'when the first request fails, exactly one waiting request runs again, and the others get its answer',
    demand: 'option',
    async run(kit) {
      const held = gate<Instruction>()
      const watched = kit.watch((run) => (run === 1 ? held.opened : numbered(run)))
      const first = kit.start('wait', { watched })
      await watched.begun(1)
      const waiting = kit.together(5, () => kit.post('wait', { watched }))
      held.open({ kind: 'throw', message: 'the first fails' })
      assert.equal((await first.answer).status, 500)
      const all = await Promise.all(waiting)
      assertShared(all)
      for (const answer of all) assert.deepEqual(answer.json(), { run: 2 })
      assertRuns(watched, 2)
    },
  },
  {
    id: 'H41',
    title: 'requests with different keys run independently',
    demand: 'safety',
    async run(kit) {
      const held = gate<Instruction>()
      const slow = kit.watch(() => held.opened)
      const quick = kit.watch(ok)
      const { answer } = kit.start('charge', { watched: slow })
      await slow.begun(1)
      const others = kit.together(20, (n) =>
        kit.post('charge', { key: `${kit.key}-${n % 10}`, watched: quick }),
      )
      for (const answer of await Promise.all(others)) if (answer.status !== 200) assertInProgress(answer)
      assertRuns(quick, 10)
      held.open(ok)
      assertFirst(await answer, 200)
    },
  },
  {
    id: 'H42',
    title: 'the request that loses the race for a key is refused, on every instance',
    demand: 'safety',
    needs: ['second'],
    async run(kit) {
      const second = await kit.instance('second')
      for (let round = 0; round < 20; round += 1) {
        const watched = kit.watch(numbered)
        const key = `${kit.key}-${round}`
        const answers = await Promise.all(
          kit.together(6, (n) => kit.post('charge', { key, watched, ...(n % 2 ? { at: second } : {}) })),
        )
        assertRuns(watched, 1)
        assertShared(answers.filter(({ status }) => status === 200))
        for (const answer of answers) if (answer.status !== 200) assertInProgress(answer)
      }
    },
  },
]
