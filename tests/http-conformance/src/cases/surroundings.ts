import assert from 'node:assert/strict'
import { type HttpCase, gate } from '../case.ts'
import { assertFirst, assertInProgress, assertReplay, assertRuns } from '../expect.ts'
import type { Instruction } from '../instruction.ts'
import type { Kit } from '../kit.ts'

const ok: Instruction = { kind: 'json', status: 200, json: { ok: true } }

async function eventsOf(kit: Kit): Promise<Record<string, unknown>[]> {
  const { text } = await kit.request('GET', '/kit/events').answer
  return JSON.parse(text) as Record<string, unknown>[]
}

export const surroundingCases: readonly HttpCase[] = [
  {
    id: 'H65',
    title: 'each request publishes one event, with the key only as a hash',
    demand: 'option',
    needs: ['events'],
    async run(kit) {
      const before = (await eventsOf(kit)).length
      const held = gate<Instruction>()
      const watched = kit.watch((run) => (run === 1 ? held.opened : ok))
      await kit.post('charge', { key: null, watched })
      await kit.post('charge', { key: '""', watched })
      const first = kit.start('charge', { watched })
      await watched.begun(1)
      assertInProgress(await kit.post('charge', { watched }))
      held.open(ok)
      assertFirst(await first.answer, 200)
      await kit.post('charge', { watched })
      await kit.post('charge', { json: { amount: 2 }, watched })
      await kit.post('optional', { key: null, watched })
      const events = (await eventsOf(kit)).slice(before)
      assert.deepEqual(
        events.map(({ type, code, reason, recorded }) => code ?? reason ?? recorded ?? type),
        [
          'IDEMPOTENCY_KEY_MISSING',
          'IDEMPOTENCY_KEY_MALFORMED',
          'IDEMPOTENCY_IN_PROGRESS',
          'stored',
          'replayed',
          'IDEMPOTENCY_KEY_REUSED',
          'noKey',
        ],
      )
      assert.ok(!JSON.stringify(events).includes(kit.key))
      const hashes = new Set(events.map(({ jobKey }) => jobKey).filter((hash) => hash !== null))
      assert.equal(hashes.size, 1)
    },
  },
  {
    id: 'H66a',
    title: 'when the fingerprint function throws, nothing runs',
    demand: 'option',
    async run(kit) {
      const watched = kit.watch(ok)
      assertFirst(await kit.post('faulty', { headers: { 'x-break': 'fingerprint' }, watched }), 500)
      assertRuns(watched, 0)
    },
  },
  {
    id: 'H66b',
    title: 'when the replay rule throws, the answer stays the same and nothing runs twice',
    demand: 'option',
    async run(kit) {
      const watched = kit.watch(ok)
      const first = await kit.post('faulty', { watched })
      assertFirst(first, 200)
      assertReplay(await kit.post('faulty', { watched }), first)
      assertRuns(watched, 1)
    },
  },
  {
    id: 'H67',
    title: 'the API description names the header and the answers',
    demand: 'option',
    needs: ['openapi'],
    async run(kit) {
      const { text } = await kit.request('GET', '/openapi.json').answer
      const { paths } = JSON.parse(text) as {
        paths: Record<string, Record<string, { parameters?: Record<string, unknown>[]; responses?: object }>>
      }
      const charge = paths['/charge']?.['post']
      const header = charge?.parameters?.find((parameter) => parameter['in'] === 'header')
      assert.equal(String(header?.['name']).toLowerCase(), 'idempotency-key')
      assert.equal(header?.['required'], true)
      for (const status of ['400', '409', '422', '503'])
        assert.ok(status in (charge?.responses ?? {}), status)
      const plain = paths['/charge']?.['get']
      assert.equal(plain?.parameters?.length ?? 0, 0)
    },
  },
  {
    id: 'H68',
    title: 'an idempotent job inside an idempotent request, in one storage',
    demand: 'option',
    needs: ['jobs'],
    async run(kit) {
      const watched = kit.watch({ kind: 'nested', jobKey: kit.key })
      const outer = await kit.post('charge', { watched })
      assertFirst(outer, 200)
      assert.equal(outer.json()['status'], 'executed')
      assertReplay(await kit.post('charge', { watched }), outer)
      const another = await kit.post('charge', { key: `${kit.key}-2`, watched })
      assertFirst(another, 200)
      const { status, result, executionId } = another.json()
      const first = outer.json()
      assert.deepEqual([status, result, executionId], ['replayed', first['result'], first['executionId']])
      assertRuns(watched, 2)
    },
  },
]
