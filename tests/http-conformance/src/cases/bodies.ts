import assert from 'node:assert/strict'
import type { HttpCase } from '../case.ts'
import type { Answer } from '../client.ts'
import type { RouteName } from '../contract.ts'
import { assertFirst, assertProblem, assertReplay, assertRuns } from '../expect.ts'
import type { Instruction } from '../instruction.ts'
import type { Kit } from '../kit.ts'

interface Flowed {
  readonly status: number
  readonly text: string
  readonly reason: string
}

/**
 * The answer is sent once, and the handler does not run again: Holdfast refuses a duplicate. Another library may also
 * replay the whole answer.
 */
async function isNotMadeAgain(
  kit: Kit,
  route: RouteName,
  instruction: Instruction,
  flowed: Flowed,
): Promise<void> {
  const watched = kit.watch(instruction)
  const first = await kit.post(route, { watched })
  assertFirst(first, flowed.status)
  assert.equal(first.text, flowed.text)
  for (let n = 0; n < 2; n += 1) {
    // A response that bypasses the framework may reach the client before the app records that it was sent.
    const answer = await kit.poll(
      () => kit.post(route, { watched }),
      ({ isOurs, text }) =>
        !isOurs || instruction.kind !== 'hijack' || !text.includes('IDEMPOTENCY_IN_PROGRESS'),
    )
    if (!answer.isOurs && answer.status === first.status) assertReplay(answer, first)
    else assertTombstone(answer, flowed)
  }
  assertRuns(watched, 1)
}

function assertTombstone(answer: Answer, { status, reason }: Flowed): void {
  const problem = assertProblem(answer, 409, 'IDEMPOTENCY_RESPONSE_NOT_STORED')
  if (!answer.isOurs) return
  assert.equal(problem['reason'], reason)
  assert.equal(problem['originalStatus'], status)
  assert.equal(problem['retryable'], false)
  assert.equal(answer.headers['retry-after'], undefined)
}

const stream = (chunks: readonly string[]): Instruction => ({
  kind: 'stream',
  status: 200,
  headers: { 'content-type': 'text/event-stream' },
  chunks,
})

const chunks = ['data: 1\n\n', 'data: 2\n\n']

const flowed = (all: readonly string[]): Flowed => ({ status: 200, text: all.join(''), reason: 'stream' })

export const bodyCases: readonly HttpCase[] = [
  {
    id: 'H59a',
    title: 'a stream is sent once and not generated again',
    demand: 'safety',
    needs: ['streams'],
    run: (kit) => isNotMadeAgain(kit, 'charge', stream(chunks), flowed(chunks)),
  },
  {
    id: 'H59b',
    title: "a short stream is stored with the option streams: 'buffer'",
    demand: 'option',
    needs: ['streams'],
    async run(kit) {
      const watched = kit.watch(stream(chunks))
      const first = await kit.post('buffered', { watched })
      assertFirst(first, 200)
      assert.equal(first.text, chunks.join(''))
      assertReplay(await kit.post('buffered', { watched }), first)
      assertRuns(watched, 1)
    },
  },
  {
    id: 'H59c',
    title: "a long stream is not stored with the option streams: 'buffer', and not generated again",
    demand: 'option',
    needs: ['streams'],
    async run(kit) {
      const long = Array.from({ length: 10 }, (_, n) => `data: number ${n}\n\n`)
      await isNotMadeAgain(kit, 'buffered', stream(long), flowed(long))
    },
  },
  {
    id: 'H59d',
    title: 'the stream of a web Response is sent once and not generated again',
    demand: 'option',
    needs: ['webResponse'],
    async run(kit) {
      const text = 'from a Response'
      const response: Instruction = { kind: 'response', status: 201, text }
      await isNotMadeAgain(kit, 'charge', response, { status: 201, text, reason: 'stream' })
    },
  },
  {
    id: 'H60',
    title: 'an answer over the size limit is delivered, not stored, and not generated again',
    demand: 'option',
    async run(kit) {
      const text = 'x'.repeat(65)
      const instruction: Instruction = { kind: 'text', status: 200, text }
      await isNotMadeAgain(kit, 'small', instruction, { status: 200, text, reason: 'too-large' })
      const watched = kit.watch({ kind: 'text', status: 200, text: 'x'.repeat(64) })
      const key = `${kit.key}-at-the-limit`
      const first = await kit.post('small', { key, watched })
      assertReplay(await kit.post('small', { key, watched }), first)
    },
  },
  {
    id: 'H61',
    title: 'an answer that bypassed the framework is not generated again',
    demand: 'safety',
    needs: ['streams'],
    async run(kit) {
      const instruction: Instruction = { kind: 'hijack', status: 202, text: 'raw' }
      await isNotMadeAgain(kit, 'charge', instruction, { status: 202, text: 'raw', reason: 'hijacked' })
    },
  },
  {
    id: 'H62',
    title: 'a value that cannot be serialized is a failure that leaves no stuck key',
    demand: 'safety',
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
    demand: 'safety',
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
    title: 'no body and an empty object are different requests',
    demand: 'safety',
    needs: ['noBody'],
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
