import assert from 'node:assert/strict'
import { type HttpCase, type Kit, type RouteName, poll } from '../case.ts'
import { assertFirst, assertProblem, assertReplay, assertRuns } from '../expect.ts'
import type { Instruction } from '../instruction.ts'

/** The answer is given once; whoever asks again is told that it cannot be had again, and nothing runs. */
async function leavesTombstone(
  kit: Kit,
  route: RouteName,
  instruction: Instruction,
  { status, text, reason }: { status: number; text: string; reason: string },
): Promise<void> {
  const watched = kit.watch(instruction)
  const key = `${kit.key}-${route}-${instruction.kind}`
  const first = await kit.post(route, { key, watched })
  assertFirst(first, status)
  assert.equal(first.text, text)
  for (let n = 0; n < 2; n += 1) {
    // What goes around the framework may reach the client before it can be recorded that it did.
    const answer = await poll(
      () => kit.post(route, { key, watched }),
      ({ text: body }) => instruction.kind !== 'hijack' || !body.includes('IDEMPOTENCY_IN_PROGRESS'),
    )
    const problem = assertProblem(answer, 409, 'IDEMPOTENCY_RESPONSE_NOT_STORED')
    assert.equal(problem['reason'], reason)
    assert.equal(problem['originalStatus'], status)
    assert.equal(problem['retryable'], false)
    assert.equal(answer.headers['retry-after'], undefined)
  }
  assertRuns(watched, 1)
}

const stream = (chunks: readonly string[]): Instruction => ({
  kind: 'stream',
  status: 200,
  headers: { 'content-type': 'text/event-stream' },
  chunks,
})

export const bodyCases: readonly HttpCase[] = [
  {
    id: 'H59',
    title: 'streams flow once and are never made again; a short one is kept where that is asked for',
    async run(kit) {
      const chunks = ['data: 1\n\n', 'data: 2\n\n']
      const flowed = { status: 200, text: chunks.join(''), reason: 'stream' }
      await leavesTombstone(kit, 'charge', stream(chunks), flowed)

      const watched = kit.watch(stream(chunks))
      const first = await kit.post('buffered', { watched })
      assertFirst(first, 200)
      assert.equal(first.text, chunks.join(''))
      assertReplay(await kit.post('buffered', { watched }), first)
      assertRuns(watched, 1)

      const long = Array.from({ length: 10 }, (_, n) => `data: number ${n}\n\n`)
      await leavesTombstone(kit, 'buffered', stream(long), { ...flowed, text: long.join('') })
      if (kit.target.webResponse) {
        const response: Instruction = { kind: 'response', status: 201, text: 'from a Response' }
        await leavesTombstone(kit, 'charge', response, {
          status: 201,
          text: 'from a Response',
          reason: 'stream',
        })
      }
    },
  },
  {
    id: 'H60',
    title: 'an answer over the limit is delivered, not kept, and not made again',
    async run(kit) {
      const text = 'x'.repeat(65)
      const instruction: Instruction = { kind: 'text', status: 200, text }
      await leavesTombstone(kit, 'small', instruction, { status: 200, text, reason: 'too-large' })
      const watched = kit.watch({ kind: 'text', status: 200, text: 'x'.repeat(64) })
      const first = await kit.post('small', { watched })
      assertReplay(await kit.post('small', { watched }), first)
    },
  },
  {
    id: 'H61',
    title: 'an answer that went around the framework is not made again',
    async run(kit) {
      const instruction: Instruction = { kind: 'hijack', status: 202, text: 'raw' }
      await leavesTombstone(kit, 'charge', instruction, { status: 202, text: 'raw', reason: 'hijacked' })
    },
  },
  {
    id: 'H62',
    title: 'a value that cannot be serialized is a failure that leaves no stuck key',
    async run(kit) {
      for (const how of ['bigint', 'circular'] as const) {
        const watched = kit.watch((run) =>
          run === 1 ? { kind: 'unserializable', how } : { kind: 'json', status: 200, json: { run } },
        )
        const key = `${kit.key}-${how}`
        assertFirst(await kit.post('charge', { key, watched }), 500)
        const second = await kit.post('charge', { key, watched })
        assertFirst(second, 200)
        assertReplay(await kit.post('charge', { key, watched }), second)
      }
    },
  },
  {
    id: 'H63',
    title: 'a request body over the limit does not use the key up',
    async run(kit) {
      const watched = kit.watch({ kind: 'json', status: 200, json: {} })
      const large = { json: { text: 'x'.repeat(20_000) }, watched }
      assertFirst(await kit.post('charge', large), 413)
      assertFirst(await kit.post('charge', { watched }), 200)
      assertRuns(watched, 1)
    },
  },
  {
    id: 'H64',
    title: 'no body and an empty object are two things',
    async run(kit) {
      const watched = kit.watch({ kind: 'json', status: 200, json: {} })
      const first = await kit.post('charge', { body: null, watched })
      assertFirst(first, 200)
      assertReplay(await kit.post('charge', { body: null, watched }), first)
      assertProblem(await kit.post('charge', { json: {}, watched }), 422, 'IDEMPOTENCY_KEY_REUSED')
      assertRuns(watched, 1)
    },
  },
]
