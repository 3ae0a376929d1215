import { type Demand, type HttpCase, gate } from '../case.ts'
import { assertFirst, assertInProgress, assertProblem, assertReplay, assertRuns } from '../expect.ts'
import type { Instruction } from '../instruction.ts'
import type { RequestOptions } from '../kit.ts'

const ok: Instruction = { kind: 'json', status: 200, json: { ok: true } }

type Two = readonly [one: RequestOptions, other: RequestOptions]

/** The app refuses the second request, and still replays the first. */
function differs(id: HttpCase['id'], demand: Demand, title: string, [one, other]: Two): HttpCase {
  return {
    id,
    title,
    demand,
    async run(kit) {
      const watched = kit.watch(ok)
      const first = await kit.post('charge', { ...one, watched })
      assertFirst(first, 200)
      assertProblem(await kit.post('charge', { ...other, watched }), 422, 'IDEMPOTENCY_KEY_REUSED')
      assertReplay(await kit.post('charge', { ...one, watched }), first)
      assertRuns(watched, 1)
    },
  }
}

/** The second request counts as the first. The draft lets the server choose how to compare requests. */
function agrees(id: HttpCase['id'], title: string, [one, other]: Two): HttpCase {
  return {
    id,
    title,
    demand: 'option',
    async run(kit) {
      const watched = kit.watch(ok)
      const first = await kit.post('charge', { ...one, watched })
      assertFirst(first, 200)
      assertReplay(await kit.post('charge', { ...other, watched }), first)
      assertRuns(watched, 1)
    },
  }
}

const text = (type: string): RequestOptions => ({ body: '{"amount":1}', headers: { 'content-type': type } })

const form = (boundary: string, amount = '1'): RequestOptions => ({
  body: [
    `--${boundary}`,
    'Content-Disposition: form-data; name="amount"',
    '',
    amount,
    `--${boundary}`,
    'Content-Disposition: form-data; name="receipt"; filename="r.bin"',
    'Content-Type: application/octet-stream',
    '',
    'bytes\u0000of the file',
    `--${boundary}--`,
    '',
  ].join('\r\n'),
  headers: { 'content-type': `multipart/form-data; boundary=${boundary}` },
})

export const mismatchCases: readonly HttpCase[] = [
  differs('H27', 'draft', 'another body', [{ json: { amount: 1 } }, { json: { amount: 2 } }]),
  {
    id: 'H28a',
    title: 'another query',
    demand: 'safety',
    async run(kit) {
      const watched = kit.watch(ok)
      const first = await kit.post('charge', { query: '?a=1&b=2', watched })
      for (const query of ['?a=1&b=3', '?a=1', '', '?a=1&b=2&b=2']) {
        assertProblem(await kit.post('charge', { query, watched }), 422, 'IDEMPOTENCY_KEY_REUSED')
      }
      assertReplay(await kit.post('charge', { query: '?a=1&b=2', watched }), first)
      assertRuns(watched, 1)
    },
  },
  agrees('H28b', 'another order of parameters in the query is the same request', [
    { query: '?a=1&b=2' },
    { query: '?b=2&a=1' },
  ]),
  differs('H29', 'safety', 'another content type', [text('application/json'), text('text/plain')]),
  differs('H30', 'draft', 'another value deep inside', [
    { json: { a: { b: [{ c: 1 }, { d: [1, 2] }] } } },
    { json: { a: { b: [{ c: 1 }, { d: [2, 1] }] } } },
  ]),
  agrees('H31', 'another order of keys is the same request', [
    { json: { a: 1, b: { c: 2, d: 3 } } },
    { json: { b: { d: 3, c: 2 }, a: 1 } },
  ]),
  agrees('H32', 'other white space is the same request', [
    { body: '{"amount":1}' },
    { body: '{ "amount" :\n1 }' },
  ]),
  {
    id: 'H33',
    title: 'another body while the first is in flight',
    demand: 'draft',
    async run(kit) {
      const held = gate<Instruction>()
      const watched = kit.watch(() => held.opened)
      const { answer } = kit.start('charge', { watched })
      await watched.begun(1)
      const other = { json: { amount: 2 }, watched }
      assertProblem(await kit.post('charge', other), 422, 'IDEMPOTENCY_KEY_REUSED')
      held.open(ok)
      assertFirst(await answer, 200)
      assertRuns(watched, 1)
    },
  },
  {
    id: 'H34',
    title: 'after a refused body the original still replays',
    demand: 'safety',
    async run(kit) {
      const watched = kit.watch((run) => ({ kind: 'json', status: 201, json: { run } }))
      const first = await kit.post('charge', { watched })
      for (let n = 2; n < 5; n += 1) {
        const other = { json: { amount: n }, watched }
        assertProblem(await kit.post('charge', other), 422, 'IDEMPOTENCY_KEY_REUSED')
        assertReplay(await kit.post('charge', { watched }), first)
      }
      assertRuns(watched, 1)
    },
  },
  {
    id: 'H35',
    title: 'after a refused duplicate in flight the original completes and replays',
    demand: 'draft',
    async run(kit) {
      const held = gate<Instruction>()
      const watched = kit.watch(() => held.opened)
      const { answer } = kit.start('charge', { watched })
      await watched.begun(1)
      for (let n = 0; n < 3; n += 1) assertInProgress(await kit.post('charge', { watched }))
      held.open(ok)
      const first = await answer
      assertFirst(first, 200)
      assertReplay(await kit.post('charge', { watched }), first)
      assertRuns(watched, 1)
    },
  },
  {
    ...agrees('H36a', 'a form with files: another boundary is the same request', [
      form('one'),
      form('------another'),
    ]),
    needs: ['multipart'],
  },
  {
    ...differs('H36b', 'safety', 'a form with files: another field', [form('one'), form('one', '2')]),
    needs: ['multipart'],
  },
]
