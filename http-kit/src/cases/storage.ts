import assert from 'node:assert/strict'
import { type HttpCase, capability, gate, poll } from '../case.ts'
import { sendRaw } from '../client.ts'
import { assertFirst, assertInProgress, assertProblem, assertReplay, assertRuns } from '../expect.ts'
import { type Instruction, WITNESS_HEADER } from '../instruction.ts'

const ok: Instruction = { kind: 'json', status: 200, json: { ok: true } }

export const storageCases: readonly HttpCase[] = [
  {
    id: 'H53',
    title: 'without its storage it refuses, or goes on unprotected where it may',
    needs: ['faults'],
    async run(kit) {
      const at = await capability(kit.target, 'faults')()
      const watched = kit.watch(ok)
      await at.cut()
      const refused = await kit.post('charge', { at, watched })
      assertProblem(refused, 503, 'IDEMPOTENCY_STORAGE_UNAVAILABLE')
      assert.ok(Number(refused.headers['retry-after']) >= 1)
      assertRuns(watched, 0)
      assertFirst(await kit.post('open', { at, watched }), 200)
      assertRuns(watched, 1)
      await at.heal()
      const first = await kit.post('charge', { at, watched })
      assertFirst(first, 200)
      assertReplay(await kit.post('charge', { at, watched }), first)
      await at.close()
    },
  },
  {
    id: 'H54',
    title: 'an answer that cannot be recorded is delivered, and recorded when the storage is back',
    needs: ['faults'],
    async run(kit) {
      const at = await capability(kit.target, 'faults')()
      const held = gate<Instruction>()
      const watched = kit.watch(() => held.opened)
      const { answer } = kit.start('charge', { at, watched })
      await watched.begun(1)
      await at.cut()
      held.open(ok)
      const first = await answer
      assertFirst(first, 200)
      await at.heal()
      const later = await poll(
        () => kit.post('charge', { watched }),
        ({ status }) => status !== 409,
      )
      assertReplay(later, first)
      assertRuns(watched, 1)
      await at.close()
    },
  },
  {
    id: 'H55',
    title: 'a claim whose answer is lost is not mistaken for somebody else’s',
    needs: ['faults'],
    async run(kit) {
      const at = await capability(kit.target, 'faults')()
      const watched = kit.watch(ok)
      assertFirst(await kit.post('charge', { key: `${kit.key}-before`, at, watched }), 200)
      await at.loseNextAnswer()
      const first = await kit.post('charge', { at, watched })
      assertFirst(first, 200)
      assertReplay(await kit.post('charge', { watched }), first)
      assertRuns(watched, 2)
      await at.close()
    },
  },
  {
    id: 'H56',
    title: 'a storage that forgot its scripts and its connections is taught again',
    needs: ['faults'],
    async run(kit) {
      const at = await capability(kit.target, 'faults')()
      const watched = kit.watch(ok)
      const first = await kit.post('charge', { at, watched })
      await at.forgetScripts()
      assertReplay(await kit.post('charge', { at, watched }), first)
      await at.forgetScripts()
      assertFirst(await kit.post('charge', { key: `${kit.key}-2`, at, watched }), 200)
      await at.cut()
      await at.forgetScripts()
      await at.heal()
      assertReplay(await kit.post('charge', { at, watched }), first)
      assertRuns(watched, 2)
      await at.close()
    },
  },
  {
    id: 'H57',
    title: 'a client that hangs up cancels nothing',
    async run(kit) {
      const answers: readonly Instruction[] = [
        ok,
        { kind: 'empty', status: 204 },
        { kind: 'throw', message: 'gone', status: 400 },
      ]
      for (const [n, instruction] of answers.entries()) {
        const held = gate<Instruction>()
        const watched = kit.watch(() => held.opened)
        const key = `${kit.key}-${n}`
        const { hangUp } = kit.start('charge', { key, watched })
        await watched.begun(1)
        hangUp()
        assertInProgress(await kit.post('charge', { key, watched }))
        held.open(instruction)
        const replay = await poll(
          () => kit.post('charge', { key, watched }),
          ({ headers }) => headers['idempotent-replayed'] === 'true',
        )
        assert.equal(replay.headers['idempotent-replayed'], 'true', `${instruction.kind}: ${replay.text}`)
        assert.equal(
          replay.status,
          instruction.kind === 'throw' ? 400 : instruction.kind === 'empty' ? 204 : 200,
        )
        assertRuns(watched, 1)
      }
    },
  },
  {
    id: 'H58',
    title: 'duplicates that come in one packet on one connection',
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
      // The body of the last answer may be under way still: its status is all that is asked here.
      const received = await sendRaw(url, request.repeat(3), (text) => statuses(text).length === 3)
      assert.equal(statuses(received)[0], '200')
      for (const status of statuses(received)) assert.ok(status === '200' || status === '409', received)
      assertRuns(watched, 1)
    },
  },
]
