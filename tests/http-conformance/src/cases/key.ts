import assert from 'node:assert/strict'
import type { HttpCase } from '../case.ts'
import { assertFirst, assertProblem, assertReplay, assertRuns } from '../expect.ts'
import { WITNESS_HEADER, type Instruction } from '../instruction.ts'
import type { Kit } from '../kit.ts'

const ok: Instruction = { kind: 'json', status: 200, json: { ok: true } }

/** A route that requires a key refuses each of these, and no handler runs. */
async function areMalformed(kit: Kit, keys: readonly (string | readonly string[])[]): Promise<void> {
  const watched = kit.watch(ok)
  for (const key of keys) {
    assertProblem(await kit.post('charge', { key, watched }), 400, 'IDEMPOTENCY_KEY_MALFORMED')
  }
  assertRuns(watched, 0)
}

export const keyCases: readonly HttpCase[] = [
  {
    id: 'H1',
    title: 'a route that requires a key refuses a request without one',
    demand: 'draft',
    needs: ['required'],
    async run(kit) {
      const watched = kit.watch(ok)
      assertProblem(await kit.post('charge', { key: null, watched }), 400, 'IDEMPOTENCY_KEY_MISSING')
      assertRuns(watched, 0)
    },
  },
  {
    id: 'H2',
    title: 'a request without a key runs unprotected where the key is optional',
    demand: 'safety',
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
    id: 'H3a',
    title: 'a header without a value is no key',
    demand: 'draft',
    needs: ['required', 'keySyntax'],
    run: (kit) => areMalformed(kit, ['', '   ']),
  },
  {
    id: 'H3b',
    title: 'an empty string is no key',
    demand: 'safety',
    needs: ['keySyntax'],
    run: (kit) => areMalformed(kit, ['""']),
  },
  {
    id: 'H3c',
    title: 'an empty key is malformed, not missing, where the key is optional',
    demand: 'safety',
    needs: ['keySyntax'],
    async run(kit) {
      const watched = kit.watch(ok)
      for (const key of ['', '""', '   ']) {
        assertProblem(await kit.post('optional', { key, watched }), 400, 'IDEMPOTENCY_KEY_MALFORMED')
      }
      assertRuns(watched, 0)
    },
  },
  {
    id: 'H4',
    title: 'a key may have 255 bytes, not 256',
    demand: 'option',
    needs: ['keyLimit'],
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
    id: 'H5a',
    title: 'spaces and non-ASCII letters outside quotes are malformed',
    demand: 'draft',
    needs: ['keySyntax'],
    run: (kit) => areMalformed(kit, [`a ${kit.key}`, `a\t${kit.key}`, `caf\u00e9-${kit.key}`]),
  },
  {
    id: 'H5b',
    title: 'a control character is malformed',
    demand: 'draft',
    needs: ['keySyntax'],
    async run(kit) {
      const watched = kit.watch(ok)
      const { host } = new URL(kit.target.url)
      const head = `POST /charge HTTP/1.1\r\nhost: ${host}\r\nconnection: close\r\n`
      // The HTTP parser may refuse it before the route sees it.
      const raw = `${head}idempotency-key: a\u0001${kit.key}\r\ncontent-length: 0\r\n${WITNESS_HEADER}: ${watched.url}\r\n\r\n`
      assert.match(await kit.sendRaw(raw, () => false), /^HTTP\/1\.1 400 /)
      assertRuns(watched, 0)
    },
  },
  {
    id: 'H6',
    title: 'two header lines and a list are malformed',
    demand: 'draft',
    needs: ['keySyntax'],
    async run(kit) {
      const [a, b] = [`a${kit.key}`, `b${kit.key}`]
      await areMalformed(kit, [[a, b], `${a},${b}`, `${a}, ${b}`, `"${a}", "${b}"`, [`"${a}"`, `"${b}"`]])
    },
  },
  {
    id: 'H7a',
    title: 'a bare key equals the quoted one',
    demand: 'option',
    needs: ['keySyntax'],
    async run(kit) {
      const watched = kit.watch(ok)
      const first = await kit.post('charge', { key: kit.key, watched })
      assertReplay(await kit.post('charge', { key: `"${kit.key}"`, watched }), first)
      assertRuns(watched, 1)
    },
  },
  {
    id: 'H7b',
    title: 'a quoted string is a key, escapes included',
    demand: 'draft',
    async run(kit) {
      const watched = kit.watch((run) => ({ kind: 'json', status: 200, json: { run } }))
      for (const key of [`"${kit.key}"`, `"${kit.key}\\"\\\\"`]) {
        const first = await kit.post('charge', { key, watched })
        assertFirst(first, 200)
        assertReplay(await kit.post('charge', { key, watched }), first)
      }
      assertRuns(watched, 2)
    },
  },
  {
    id: 'H7c',
    title: 'an open quote is malformed',
    demand: 'draft',
    needs: ['keySyntax'],
    run: (kit) => areMalformed(kit, [`"${kit.key}`, `${kit.key}"`]),
  },
  {
    id: 'H7d',
    title: 'with quotedOnly a bare key is malformed',
    demand: 'draft',
    needs: ['keySyntax'],
    async run(kit) {
      const watched = kit.watch(ok)
      assertProblem(await kit.post('quoted', { watched }), 400, 'IDEMPOTENCY_KEY_MALFORMED')
      assertFirst(await kit.post('quoted', { key: `"${kit.key}"`, watched }), 200)
      assertRuns(watched, 1)
    },
  },
  {
    id: 'H8',
    title: "the case of the header's name does not matter",
    demand: 'draft',
    async run(kit) {
      const watched = kit.watch(ok)
      const first = await kit.post('charge', { key: null, headers: { 'IDEMPOTENCY-KEY': kit.key }, watched })
      assertFirst(first, 200)
      const again = { key: null, headers: { 'iDEMPOTENCY-kEY': kit.key }, watched }
      assertReplay(await kit.post('charge', again), first)
      assertRuns(watched, 1)
    },
  },
  {
    id: 'H9a',
    title: 'the key can come from another header, and then only from that one',
    demand: 'option',
    async run(kit) {
      const watched = kit.watch(ok)
      const renamed = { key: null, headers: { 'x-request-key': kit.key }, watched }
      const first = await kit.post('renamed', renamed)
      assertReplay(await kit.post('renamed', renamed), first)
      if (kit.target.missing?.required === undefined)
        assertProblem(await kit.post('renamed', { watched }), 400, 'IDEMPOTENCY_KEY_MISSING')
      assertRuns(watched, 1)
    },
  },
  {
    id: 'H9b',
    title: 'the key can come from the body',
    demand: 'option',
    async run(kit) {
      const watched = kit.watch(ok)
      const webhook = { key: null, json: { eventId: `${kit.key} \u20ac` }, watched }
      const event = await kit.post('webhook', webhook)
      assertReplay(await kit.post('webhook', webhook), event)
      if (kit.target.missing?.required === undefined)
        assertProblem(await kit.post('webhook', { json: {}, watched }), 400, 'IDEMPOTENCY_KEY_MISSING')
      assertProblem(
        await kit.post('webhook', { json: { eventId: '' }, watched }),
        400,
        'IDEMPOTENCY_KEY_MALFORMED',
      )
      assertRuns(watched, 1)
    },
  },
  {
    id: 'H10',
    title: 'no character in scope, parameter or key makes one request look like another',
    demand: 'safety',
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
