import assert from 'node:assert/strict'
import { type HttpCase, capability, gate } from '../case.ts'
import type { Answer } from '../client.ts'
import { assertFirst, assertInProgress, assertReplay, assertRuns } from '../expect.ts'
import type { Instruction } from '../instruction.ts'

const ok: Instruction = { kind: 'json', status: 200, json: { ok: true } }

const isReplay = ({ headers }: Answer): boolean => headers['idempotent-replayed'] === 'true'

export const concurrencyCases: readonly HttpCase[] = [
  {
    id: 'H37',
    title: 'of 2, 10 and 100 at a time one runs, the others are told to come back',
    async run(kit) {
      for (const many of [2, 10, 100]) {
        const held = gate<Instruction>()
        const watched = kit.watch(() => held.opened)
        const key = `${kit.key}-${many}`
        let answered = 0
        const answers = Array.from({ length: many }, async () => {
          const answer = await kit.post('charge', { key, watched })
          // The one that runs is held until all others have their answer.
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
    title: 'those that wait all get the one answer',
    async run(kit) {
      const held = gate<Instruction>()
      const watched = kit.watch(() => held.opened)
      const answers = Array.from({ length: 8 }, () => kit.post('wait', { watched }))
      await watched.begun(1)
      const early = await Promise.race([
        ...answers,
        new Promise((resolve) => setTimeout(resolve, 200, 'none')),
      ])
      assert.equal(early, 'none', 'none is answered before the first')
      held.open(ok)
      const all = await Promise.all(answers)
      const first = all.filter((answer) => !isReplay(answer))
      assert.equal(first.length, 1)
      for (const answer of all) if (first[0] && isReplay(answer)) assertReplay(answer, first[0])
      assertRuns(watched, 1)
    },
  },
  {
    id: 'H39',
    title: 'waiting has an end, and not everybody may wait',
    async run(kit) {
      const held = gate<Instruction>()
      const watched = kit.watch(() => held.opened)
      const first = kit.start('impatient', { watched })
      const crowd = kit.start('crowded', { watched })
      await watched.begun(2)
      assertInProgress(await kit.post('impatient', { watched }))
      // Two may wait: three are told at once.
      const told: Answer[] = []
      const threeTold = gate()
      const waiting = Array.from({ length: 5 }, async () => {
        const answer = await kit.post('crowded', { watched })
        if (told.push(answer) === 3) threeTold.open()
        return answer
      })
      await threeTold.opened
      for (const answer of told) assertInProgress(answer)
      held.open(ok)
      assertFirst(await first.answer, 200)
      assertFirst(await crowd.answer, 200)
      const rest = (await Promise.all(waiting)).filter(({ status }) => status === 200)
      assert.equal(rest.length, 2)
      for (const answer of rest) assert.ok(isReplay(answer))
      assertRuns(watched, 2)
    },
  },
  {
    id: 'H40',
    title: 'when the first fails, exactly one of those that wait runs it again, and all others get that',
    async run(kit) {
      const held = gate<Instruction>()
      const watched = kit.watch((run) =>
        run === 1 ? held.opened : { kind: 'json', status: 200, json: { run } },
      )
      const first = kit.start('wait', { watched })
      await watched.begun(1)
      const waiting = Array.from({ length: 5 }, () => kit.post('wait', { watched }))
      held.open({ kind: 'throw', message: 'the first fails' })
      assert.equal((await first.answer).status, 500)
      const all = await Promise.all(waiting)
      for (const answer of all) {
        assert.equal(answer.status, 200, answer.text)
        assert.deepEqual(answer.json(), { run: 2 })
      }
      assert.equal(all.filter((answer) => !isReplay(answer)).length, 1)
      assertRuns(watched, 2)
    },
  },
  {
    id: 'H41',
    title: 'keys do not disturb each other',
    async run(kit) {
      const held = gate<Instruction>()
      const slow = kit.watch(() => held.opened)
      const quick = kit.watch(ok)
      const { answer } = kit.start('charge', { watched: slow })
      await slow.begun(1)
      const others = Array.from({ length: 20 }, (_, n) =>
        kit.post('charge', { key: `${kit.key}-${n % 10}`, watched: quick }),
      )
      for (const { status } of await Promise.all(others)) assert.ok(status === 200 || status === 409)
      assertRuns(quick, 10)
      held.open(ok)
      assertFirst(await answer, 200)
    },
  },
  {
    id: 'H42',
    title: 'who loses the race for a key is told so, whichever instance it asked',
    needs: ['second'],
    async run(kit) {
      const second = await capability(kit.target, 'second')()
      for (let round = 0; round < 20; round += 1) {
        const watched = kit.watch(ok)
        const key = `${kit.key}-${round}`
        const answers = await Promise.all(
          Array.from({ length: 6 }, (_, n) =>
            kit.post('charge', { key, watched, ...(n % 2 ? { at: second } : {}) }),
          ),
        )
        assertRuns(watched, 1)
        assert.equal(answers.filter((answer) => answer.status === 200 && !isReplay(answer)).length, 1)
        for (const answer of answers) if (answer.status !== 200) assertInProgress(answer)
      }
      await second.close()
    },
  },
]
