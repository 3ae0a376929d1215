import assert from 'node:assert/strict'
import { type HttpCase, gate } from '../case.ts'
import {
  assertFirst,
  assertInProgress,
  assertMark,
  assertProblem,
  assertReplay,
  assertRuns,
} from '../expect.ts'
import { type Instruction, WITNESS_HEADER } from '../instruction.ts'

const ok: Instruction = { kind: 'json', status: 200, json: { ok: true } }

/** A client that disconnects cancels nothing: a retry gets what the handler answers. */
function survivesHangUp(
  id: HttpCase['id'],
  what: string,
  instruction: Instruction,
  status: number,
): HttpCase {
  return {
    id,
    title: `a client that disconnects cancels nothing: ${what}`,
    demand: 'safety',
    async run(kit) {
      const held = gate<Instruction>()
      const watched = kit.watch(() => held.opened)
      const { hangUp } = kit.start('charge', { watched })
      await watched.begun(1)
      hangUp()
      assertInProgress(await kit.post('charge', { watched }))
      held.open(instruction)
      const replay = await kit.poll(
        () => kit.post('charge', { watched }),
        (answer) => answer.status !== 409,
      )
      assert.equal(replay.status, status, replay.text)
      assertMark(replay, 'true')
      assertRuns(watched, 1)
    },
  }
}

export const storageCases: readonly HttpCase[] = [
  {
    id: 'H53a',
    title:
      'without its storage the app refuses in time and runs nothing, and serves again when the storage is back',
    demand: 'safety',
    needs: ['faults'],
    waits: true,
    async run(kit) {
      const at = await kit.instance('faults')
      const watched = kit.watch(ok)
      await kit.usable(at)
      await at.cut()
      const refused = await kit.post('charge', { at, watched })
      assertProblem(refused, 503, 'IDEMPOTENCY_STORAGE_UNAVAILABLE')
      if (refused.isOurs) assert.ok(Number(refused.headers['retry-after']) >= 1)
      assertRuns(watched, 0)
      await at.heal()
      await kit.usable(at)
      const first = await kit.post('charge', { at, watched })
      assertFirst(first, 200)
      assertReplay(await kit.post('charge', { at, watched }), first)
      assertRuns(watched, 1)
    },
  },
  {
    id: 'H53b',
    title: 'without its storage the app runs requests unprotected where that is allowed',
    demand: 'option',
    needs: ['faults'],
    waits: true,
    async run(kit) {
      const at = await kit.instance('faults')
      const watched = kit.watch(ok)
      await kit.usable(at)
      await at.cut()
      assertFirst(await kit.post('open', { at, watched }), 200)
      assertRuns(watched, 1)
    },
  },
  {
    id: 'H54',
    title: 'an answer that cannot be stored is delivered, and stored when the storage is back',
    demand: 'safety',
    needs: ['faults'],
    waits: true,
    async run(kit) {
      const at = await kit.instance('faults')
      await kit.usable(at)
      const held = gate<Instruction>()
      const watched = kit.watch(() => held.opened)
      const { answer } = kit.start('charge', { at, watched })
      await watched.begun(1)
      await at.cut()
      held.open(ok)
      const first = await answer
      assertFirst(first, 200)
      await at.heal()
      const later = await kit.poll(
        () => kit.post('charge', { watched }),
        ({ status }) => status === 200,
      )
      assertReplay(later, first)
      assertRuns(watched, 1)
    },
  },
  {
    id: 'H55',
    title: 'no lost reply of the storage makes a handler run twice or a key stuck',
    demand: 'safety',
    needs: ['faults'],
    async run(kit) {
      const at = await kit.instance('faults')
      for (const nth of [1, 2, 3]) {
        await kit.usable(at)
        const watched = kit.watch((run) => ({ kind: 'json', status: 200, json: { run } }))
        const key = `${kit.key}-${nth}`
        const stop = at.loseReply(nth)
        const first = await kit.post('lease', { key, at, watched })
        if (first.isOurs) assertFirst(first, 200)
        // Another library may not know whether the write happened; a retry finds out.
        const later = await kit.poll(
          () => kit.post('lease', { key, watched }),
          ({ status }) => status === 200,
        )
        stop()
        if (first.status === 200) assertReplay(later, first)
        assertRuns(watched, 1)
      }
    },
  },
  {
    id: 'H56',
    title:
      'the app reconnects to a storage that lost its scripts and connections, and loads the scripts again',
    demand: 'safety',
    needs: ['faults'],
    async run(kit) {
      const at = await kit.instance('faults')
      const watched = kit.watch(ok)
      await kit.usable(at)
      const first = await kit.post('charge', { at, watched })
      await at.forgetScripts()
      assertReplay(await kit.post('charge', { at, watched }), first)
      await at.forgetScripts()
      assertFirst(await kit.post('charge', { key: `${kit.key}-2`, at, watched }), 200)
      await at.cut()
      await at.forgetScripts()
      await at.heal()
      await kit.usable(at)
      assertReplay(await kit.post('charge', { at, watched }), first)
      assertRuns(watched, 2)
    },
  },
  survivesHangUp('H57a', 'a body', ok, 200),
  survivesHangUp('H57b', 'no body', { kind: 'empty', status: 204 }, 204),
  survivesHangUp('H57c', 'an exception', { kind: 'throw', message: 'gone', status: 400 }, 400),
  {
    id: 'H58',
    title: 'duplicates that arrive in one packet on one connection',
    demand: 'safety',
    async run(kit) {
      const watched = kit.watch(ok)
      const url = new URL(kit.target.url)
      const request = [
        'POST /charge HTTP/1.1',
        `host: ${url.host}`,
        `idempotency-key: ${kit.key}`,
        'content-type: application/json',
        'content-length: 2',
        `${WITNESS_HEADER}: ${watched.url}`,
        '',
        '{}',
      ].join('\r\n')
      const statuses = (received: string): string[] =>
        Array.from(received.matchAll(/HTTP\/1\.1 (\d+) /g), ([, status]) => status ?? '')
      // The body of the last answer may still be in flight: this case needs only the status.
      const received = await kit.sendRaw(request.repeat(3), (text) => statuses(text).length === 3)
      assert.equal(statuses(received)[0], '200')
      for (const status of statuses(received)) assert.match(status, /^(200|4\d\d)$/, received)
      assertRuns(watched, 1)
    },
  },
  {
    id: 'H69',
    title: 'an unreadable record gets an answer that says so, and nothing runs',
    demand: 'safety',
    needs: ['spoil'],
    async run(kit) {
      const watched = kit.watch(ok)
      assertFirst(await kit.post('charge', { watched }), 200)
      await kit.target.spoil?.(kit.key)
      for (let n = 0; n < 2; n += 1) {
        const answer = await kit.post('charge', { watched })
        assertProblem(answer, 500, 'IDEMPOTENCY_RECORD_UNREADABLE')
      }
      assertRuns(watched, 1)
    },
  },
]
