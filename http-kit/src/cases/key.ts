import assert from 'node:assert/strict'
import type { HttpCase } from '../case.ts'
import { sendRaw } from '../client.ts'
import { assertFirst, assertProblem, assertReplay, assertRuns } from '../expect.ts'
import { WITNESS_HEADER, type Instruction } from '../instruction.ts'

const ok: Instruction = { kind: 'json', status: 200, json: { ok: true } }

export const keyCases: readonly HttpCase[] = [
  {
    id: 'H1',
    title: 'a missing key is refused where it is required',
    async run(kit) {
      const watched = kit.watch(ok)
      assertProblem(await kit.post('charge', { key: null, watched }), 400, 'IDEMPOTENCY_KEY_MISSING')
      assertRuns(watched, 0)
    },
  },
  {
    id: 'H2',
    title: 'a missing key where it is optional leaves the request alone',
    async run(kit) {
      const watched = kit.watch(ok)
      for (let runs = 1; runs <= 2; runs += 1) {
        assertFirst(await kit.post('optional', { key: null, watched }), 200)
        assertRuns(watched, runs)
      }
      const first = await kit.post('optional', { watched })
      assertReplay(await kit.post('optional', { watched }), first)
    },
  },
  {
    id: 'H3',
    title: 'an empty key is malformed, also where none is required',
    async run(kit) {
      const watched = kit.watch(ok)
      for (const key of ['', '""', '   ']) {
        assertProblem(await kit.post('charge', { key, watched }), 400, 'IDEMPOTENCY_KEY_MALFORMED')
        assertProblem(await kit.post('optional', { key, watched }), 400, 'IDEMPOTENCY_KEY_MALFORMED')
      }
      assertRuns(watched, 0)
    },
  },
  {
    id: 'H4',
    title: '255 bytes are a key, 256 are not',
    async run(kit) {
      const watched = kit.watch(ok)
      const longest = kit.key.padEnd(255, 'x')
      assertFirst(await kit.post('charge', { key: longest, watched }), 200)
      assertProblem(
        await kit.post('charge', { key: `${longest}x`, watched }),
        400,
        'IDEMPOTENCY_KEY_MALFORMED',
      )
      assertRuns(watched, 1)
    },
  },
  {
    id: 'H5',
    title: 'control characters, spaces and letters beyond ASCII are malformed',
    async run(kit) {
      const watched = kit.watch(ok)
      for (const key of ['a b', 'a\tb', 'caf\u00e9']) {
        assertProblem(await kit.post('charge', { key, watched }), 400, 'IDEMPOTENCY_KEY_MALFORMED')
      }
      const url = new URL(kit.target.url)
      const head = `POST /charge HTTP/1.1\r\nhost: ${url.host}\r\nconnection: close\r\n`
      // The HTTP parser may refuse it before the route sees it.
      const raw = `${head}idempotency-key: a\u0001b\r\ncontent-length: 0\r\n${WITNESS_HEADER}: ${watched.url}\r\n\r\n`
      assert.match(await sendRaw(url, raw, () => false), /^HTTP\/1\.1 400 /)
      assertRuns(watched, 0)
    },
  },
  {
    id: 'H6',
    title: 'two header lines and a list are malformed',
    async run(kit) {
      const watched = kit.watch(ok)
      for (const key of [['a', 'b'], 'a,b', 'a, b', '"a", "b"', ['"a"', '"b"']]) {
        assertProblem(await kit.post('charge', { key, watched }), 400, 'IDEMPOTENCY_KEY_MALFORMED')
      }
      assertRuns(watched, 0)
    },
  },
  {
    id: 'H7',
    title: 'a quoted and a bare key are the same',
    async run(kit) {
      const watched = kit.watch(ok)
      const first = await kit.post('charge', { key: kit.key, watched })
      assertReplay(await kit.post('charge', { key: `"${kit.key}"`, watched }), first)
      const escaped = await kit.post('charge', { key: `"${kit.key}\\"\\\\"`, watched })
      assertFirst(escaped, 200)
      assertReplay(await kit.post('charge', { key: `"${kit.key}\\"\\\\"`, watched }), escaped)
      assertProblem(
        await kit.post('charge', { key: `"${kit.key}`, watched }),
        400,
        'IDEMPOTENCY_KEY_MALFORMED',
      )
      assertProblem(await kit.post('quoted', { watched }), 400, 'IDEMPOTENCY_KEY_MALFORMED')
      assertFirst(await kit.post('quoted', { key: `"${kit.key}"`, watched }), 200)
      assertRuns(watched, 3)
    },
  },
  {
    id: 'H8',
    title: "the case of the header's name does not matter",
    async run(kit) {
      const watched = kit.watch(ok)
      const first = await kit.post('charge', { key: null, headers: { 'IDEMPOTENCY-KEY': kit.key }, watched })
      assertFirst(first, 200)
      const again = { key: null, headers: { 'iDEMPOTENCY-kEY': kit.key }, watched }
      assertReplay(await kit.post('charge', again), first)
    },
  },
  {
    id: 'H9',
    title: 'the key comes from another header or from the body',
    async run(kit) {
      const watched = kit.watch(ok)
      const renamed = { key: null, headers: { 'x-request-key': kit.key }, watched }
      const first = await kit.post('renamed', renamed)
      assertReplay(await kit.post('renamed', renamed), first)
      assertProblem(await kit.post('renamed', { watched }), 400, 'IDEMPOTENCY_KEY_MISSING')

      const webhook = { key: null, json: { eventId: `${kit.key} \u20ac` }, watched }
      const event = await kit.post('webhook', webhook)
      assertReplay(await kit.post('webhook', webhook), event)
      assertProblem(await kit.post('webhook', { json: {}, watched }), 400, 'IDEMPOTENCY_KEY_MISSING')
      assertRuns(watched, 2)
    },
  },
  {
    id: 'H10',
    title: 'no character in scope, parameter or key makes one request look like another',
    async run(kit) {
      const watched = kit.watch(ok)
      const { key } = kit
      const requests = [
        { tenant: 'a:b', key: `c${key}` },
        { tenant: 'a', key: `b:c${key}` },
        { tenant: 'a%3Ab', key: `c${key}` },
        { tenant: 'a"', key: `c${key}` },
        { tenant: 'a', key: `c${key}` },
        { tenant: 'a', key: `C${key}` },
        { tenant: 'a', id: 'x', key: `:c${key}` },
        { tenant: 'a', id: 'x%3A', key: `c${key}` },
        { tenant: 'a', id: 'x%2F..%2Fone', key: `c${key}` },
      ]
      let runs = 0
      for (const request of requests) {
        assertFirst(await kit.post('one', { ...request, watched }), 200)
        assertRuns(watched, (runs += 1))
      }
      for (const request of requests) await kit.post('one', { ...request, watched })
      assertRuns(watched, runs)
    },
  },
]
