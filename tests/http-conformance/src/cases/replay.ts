import assert from 'node:assert/strict'
import { gunzipSync } from 'node:zlib'
import type { HttpCase } from '../case.ts'
import { RETAIN_MS } from '../contract.ts'
import { assertFirst, assertMark, assertReplay, assertRuns } from '../expect.ts'
import type { Instruction } from '../instruction.ts'

const numbered = (run: number): Instruction => ({ kind: 'json', status: 200, json: { run } })

/** Sends the request twice and demands the same bytes. */
function replays(
  id: HttpCase['id'],
  title: string,
  instruction: Instruction,
  status: number,
  needs: HttpCase['needs'] = [],
): HttpCase {
  return {
    id,
    title,
    demand: 'draft',
    needs,
    async run(kit) {
      const watched = kit.watch(instruction)
      const first = await kit.post('charge', { watched })
      assertFirst(first, status)
      assertReplay(await kit.post('charge', { watched }), first)
      assertRuns(watched, 1)
    },
  }
}

export const replayCases: readonly HttpCase[] = [
  {
    id: 'H11',
    title: '201 with Location is replayed as it was',
    demand: 'draft',
    async run(kit) {
      const headers = { location: '/charge/7', etag: '"7"', 'last-modified': 'Tue, 01 Sep 2026 10:00:00 GMT' }
      const watched = kit.watch({ kind: 'json', status: 201, headers, json: { id: 7 } })
      const first = await kit.post('charge', { watched })
      assertFirst(first, 201)
      const replay = await kit.post('charge', { watched })
      assertReplay(replay, first)
      for (const [name, value] of Object.entries(headers)) assert.equal(replay.headers[name], value)
      assertRuns(watched, 1)
    },
  },
  replays('H12', '204 without a body', { kind: 'empty', status: 204 }, 204),
  replays(
    'H13',
    'JSON byte for byte: order of keys, numbers, spaces',
    {
      kind: 'text',
      status: 200,
      headers: { 'content-type': 'application/json; charset=utf-8' },
      text: '{ "b" : 1.0,\t"a":1e2, "10":1, "9":12345678901234567890 }\n',
    },
    200,
  ),
  replays(
    'H14',
    'bytes that are not text',
    {
      kind: 'bytes',
      status: 200,
      headers: { 'content-type': 'application/octet-stream' },
      base64: Buffer.from([0, 255, 254, 192, 128, 10, 13, 0]).toString('base64'),
    },
    200,
  ),
  replays(
    'H15',
    'non-ASCII text, emoji, a byte order mark',
    {
      kind: 'text',
      status: 200,
      headers: { 'content-type': 'text/plain; charset=utf-8' },
      text: '\ufeffé😀\u2028z',
    },
    200,
  ),
  {
    id: 'H16',
    title: 'only replays are marked as replays',
    demand: 'option',
    needs: ['dialect'],
    async run(kit) {
      const watched = kit.watch(numbered)
      const first = await kit.post('status', { watched })
      assertFirst(first, 200)
      assert.equal(first.headers['idempotency-status'], 'created')
      const replay = await kit.post('status', { watched })
      assertReplay(replay, first)
      assert.equal(replay.headers['idempotency-status'], 'replayed')
      assert.ok(Number.isFinite(Date.parse(String(replay.headers['idempotency-original-date']))))
      const other = await kit.post('status', { json: { amount: 2 }, watched })
      assert.equal(other.headers['idempotent-replayed'], undefined)
      assert.equal(other.headers['idempotency-status'], 'mismatch')
    },
  },
  {
    id: 'H17',
    title: 'the handler runs once',
    demand: 'draft',
    async run(kit) {
      const watched = kit.watch(numbered)
      const first = await kit.post('patch', { watched })
      assertReplay(await kit.post('patch', { watched }), first)
      assertRuns(watched, 1)
    },
  },
  {
    id: 'H18',
    title: 'a request can be replayed any number of times',
    demand: 'draft',
    async run(kit) {
      const watched = kit.watch(numbered)
      const first = await kit.post('charge', { watched })
      for (let n = 0; n < 20; n += 1) assertReplay(await kit.post('charge', { watched }), first)
      assertRuns(watched, 1)
    },
  },
  {
    id: 'H19',
    title: 'the same body under another key is another request',
    demand: 'draft',
    async run(kit) {
      const watched = kit.watch(numbered)
      assertFirst(await kit.post('charge', { watched }), 200)
      assertFirst(await kit.post('charge', { key: `${kit.key}-2`, watched }), 200)
      assertRuns(watched, 2)
    },
  },
  {
    id: 'H20',
    title: 'the same key on another route, method, parameter or for another tenant is another request',
    demand: 'safety',
    async run(kit) {
      const watched = kit.watch(numbered)
      assertFirst(await kit.post('charge', { watched }), 200)
      assertFirst(await kit.post('other', { watched }), 200)
      assertFirst(await kit.post('patch', { watched }), 200)
      assertFirst(await kit.post('one', { id: '1', watched }), 200)
      assertFirst(await kit.post('one', { id: '2', watched }), 200)
      assertFirst(await kit.post('charge', { tenant: 'other', watched }), 200)
      assertRuns(watched, 6)
    },
  },
  {
    id: 'H21',
    title: 'the request runs again after the retention time',
    demand: 'option',
    waits: true,
    async run(kit) {
      const watched = kit.watch(numbered)
      const startedAt = performance.now()
      const first = await kit.post('brief', { watched })
      const again = await kit.poll(
        async () => {
          const answer = await kit.post('brief', { watched })
          if (watched.visits.length === 1) assertReplay(answer, first)
          return answer
        },
        () => watched.visits.length > 1,
      )
      assert.ok(performance.now() - startedAt > RETAIN_MS - 50, 'not before its time was over')
      assertFirst(again, 200)
      assert.deepEqual(again.json(), { run: 2 })
    },
  },
  {
    id: 'H22',
    title: 'another instance and a later one replay the answer',
    demand: 'safety',
    needs: ['second'],
    async run(kit) {
      const watched = kit.watch(numbered)
      const one = await kit.instance('second')
      const first = await kit.post('charge', { at: one, watched })
      await one.close()
      const another = await kit.instance('second')
      assertReplay(await kit.post('charge', { at: another, watched }), first)
      await another.close()
      assertReplay(await kit.post('charge', { watched }), first)
      assertRuns(watched, 1)
    },
  },
  {
    id: 'H23',
    title: 'neither cookies nor headers of one transfer are replayed',
    demand: 'safety',
    async run(kit) {
      const headers = {
        'set-cookie': ['session=secret; HttpOnly', 'b=2'],
        'www-authenticate': 'Basic',
        'x-request-id': 'first',
        'x-ratelimit-remaining': '9',
      }
      const watched = kit.watch({ kind: 'json', status: 200, headers, json: {} })
      const first = await kit.post('charge', { watched })
      assert.deepEqual(first.headers['set-cookie'], headers['set-cookie'])
      const replay = await kit.post('charge', { watched })
      assertReplay(replay, first)
      for (const name of Object.keys(headers)) assert.equal(replay.headers[name], undefined, name)
    },
  },
  {
    id: 'H24',
    title: 'several values of one header stay separate',
    demand: 'option',
    async run(kit) {
      const link = ['</charge/1>; rel="self"', '</charge?page=2>; rel="next", </>; rel="up"']
      const watched = kit.watch({ kind: 'json', status: 200, headers: { link }, json: {} })
      const first = await kit.post('charge', { watched })
      const replay = await kit.post('charge', { watched })
      assertReplay(replay, first)
      const lines = replay.lines.filter(([name]) => name === 'link').map(([, value]) => value)
      assert.deepEqual(lines, link)
    },
  },
  {
    id: 'H25',
    title: 'a replay is compressed only for a client that accepts it',
    demand: 'option',
    needs: ['compression'],
    async run(kit) {
      const json = { text: 'compress me '.repeat(400) }
      const watched = kit.watch({ kind: 'json', status: 200, json })
      const zipped = { watched, headers: { 'accept-encoding': 'gzip' } }
      const first = await kit.post('charge', zipped)
      assertFirst(first, 200)
      assert.equal(first.headers['content-encoding'], 'gzip')
      assert.deepEqual(JSON.parse(gunzipSync(first.bytes).toString()), json)
      const plain = await kit.post('charge', { watched, headers: { 'accept-encoding': 'identity' } })
      assertMark(plain, 'true')
      assert.equal(plain.headers['content-encoding'], undefined)
      assert.deepEqual(plain.bytes, gunzipSync(first.bytes))
      const again = await kit.post('charge', zipped)
      assertMark(again, 'true')
      assert.equal(again.headers['content-encoding'], 'gzip')
      assert.deepEqual(gunzipSync(again.bytes), plain.bytes)
      assertRuns(watched, 1)
    },
  },
  {
    id: 'H26',
    title: 'GET and HEAD are not idempotent requests',
    demand: 'safety',
    async run(kit) {
      const watched = kit.watch(numbered)
      for (const method of ['GET', 'GET', 'HEAD', 'HEAD']) {
        assertFirst(await kit.request(method, '/charge', { watched }).answer, 200)
      }
      assertRuns(watched, 4)
    },
  },
]
