import { once } from 'node:events'
import { mkdirSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { brotliCompressSync, gzipSync } from 'node:zlib'
import { describe, it } from 'vitest'
import type { WorldState } from '../../src/events/snapshot.ts'
import { temporaryFolder } from '../repository.ts'
import { openSource } from './event-source.ts'
import { serve } from './serving.ts'
import { STATE, type SmallWorld, openSmallWorld } from './small-world.ts'

describe.concurrent('an action', () => {
  it('is done with what it was given, and answers what was done', async ({ expect, onTestFinished }) => {
    const { act, world } = await serve(onTestFinished)
    const answer = await act('fire', { times: 3, waiting: 1, jobType: 'ai-review' })
    expect(answer.status).toBe(200)
    expect(await answer.json()).toEqual({ ok: true, message: 'fire is done.' })
    await act('stop-redis', {})
    await act('clear-cache', {})
    expect(world.acts).toEqual([
      { name: 'fire', input: { times: 3, waiting: 1, jobType: 'ai-review' } },
      { name: 'stop-redis', input: {} },
      { name: 'clear-cache', input: {} },
    ])
  })

  it('that the world refuses says why', async ({ expect, onTestFinished }) => {
    const { act } = await serve(onTestFinished)
    const answer = await act('kill', { instance: 'instance-1' })
    expect(answer.status).toBe(409)
    expect(await answer.json()).toEqual({ ok: false, message: 'Everything is one process here.' })
  })

  it.for([
    ['fire', { times: 0, waiting: 0 }, 'times'],
    ['fire', { times: 1.5, waiting: 0 }, 'times'],
    ['fire', { times: 1, waiting: 2 }, 'waiting: cannot be more than all starts'],
    ['fire', { times: 100_000, waiting: 0 }, 'times'],
    ['fire', { times: 1, waiting: 0, jobType: 'rm' }, 'jobType'],
    ['fire', { times: 1, waiting: 0, more: true }, 'more'],
    ['fire', null, 'fire cannot be done'],
    ['fire', [], 'fire cannot be done'],
    ['review', { base: '--output=/tmp/x', head: 'main' }, 'base: must be the name of a commit'],
    ['review', { base: 'main', head: 'a b' }, 'head: must be the name of a commit'],
    ['kill', {}, 'instance'],
    ['kill', { instance: 7 }, 'instance'],
    ['stop-redis', { force: true }, 'force'],
    ['reviewer', { mode: 'angry' }, 'mode'],
    ['forget', { jobType: 'ai-review' }, 'jobKey'],
    ['revoke', { lock: 'x' }, 'token'],
    ['tour', { go: 'away' }, 'go'],
  ] as const)(
    '%s with %j is refused, and the answer says what is wrong',
    async ([name, input, problem], context) => {
      const { expect, onTestFinished } = context
      const { act, world } = await serve(onTestFinished)
      const answer = await act(name, input)
      expect(answer.status).toBe(400)
      expect(await answer.json()).toEqual({ ok: false, message: expect.stringContaining(problem) })
      expect(world.acts).toEqual([])
    },
  )

  it.for(['nothing-like-it', 'constructor', '__proto__'])('named %s is not there', async (name, context) => {
    const { expect, onTestFinished } = context
    const { act } = await serve(onTestFinished)
    const answer = await act(name, {})
    expect(answer.status).toBe(404)
    expect(await answer.json()).toEqual({ ok: false, message: `There is no action ${name}.` })
  })

  it('that is too long, or no JSON, is refused in the same shape', async ({ expect, onTestFinished }) => {
    const { act } = await serve(onTestFinished)
    const long = await act('review', { base: 'x'.repeat(70_000), head: 'main' })
    expect([long.status, await long.json()]).toMatchObject([413, { ok: false }])
    const text = await act('fire', {}, { 'content-type': 'text/plain' })
    expect([text.status, await text.json()]).toMatchObject([415, { ok: false }])
  })
})

describe.concurrent('what the page asks for', () => {
  it.for([
    ['/api/reviews/review-1', 200, { id: 'review-1', base: 'a', head: 'b' }],
    ['/api/reviews/none', 404, { ok: false, message: 'There is no review none.' }],
    ['/api/record', 400, { ok: false, message: 'Say which: /api/record?jobType=…&jobKey=…' }],
    [
      '/api/record?jobType=ai-review&jobKey=x',
      404,
      { ok: false, message: 'Redis holds nothing for ai-review of x.' },
    ],
    ['/api/held?kind=hash&name=x', 400, { ok: false }],
    ['/api/held?kind=lock&name=x', 200, [{ key: 'lock x' }]],
    ['/api/logs', 400, { ok: false, message: 'Say whose: /api/logs?executionId=…' }],
    ['/api/logs?executionId=x', 200, []],
  ] as const)('%s is answered with %d', async ([path, status, body], { expect, onTestFinished }) => {
    const { origin } = await serve(onTestFinished)
    const answer = await fetch(`${origin}${path}`)
    expect(answer.status).toBe(status)
    expect(await answer.json()).toMatchObject(body)
  })

  it('a record comes as the world tells it', async ({ expect, onTestFinished }) => {
    const { origin, act } = await serve(onTestFinished)
    await act('fire', { times: 1, waiting: 0 })
    const answer = await fetch(`${origin}/api/record?jobType=ai-review&jobKey=review-1`)
    expect(await answer.json()).toMatchObject({ key: 'ai-review:review-1' })
  })
})

describe.concurrent('health', () => {
  it.for([
    ['ready', STATE, 200, []],
    [
      'not ready without Redis',
      { ...STATE, storage: 'redis', redis: { ...STATE.redis, state: 'stopped' } },
      503,
      ['Redis is stopped.'],
    ],
    [
      'not ready without an instance',
      { ...STATE, instances: STATE.instances.map((instance) => ({ ...instance, state: 'gone' as const })) },
      503,
      ['No instance is up.'],
    ],
  ] satisfies readonly (readonly [string, WorldState, number, readonly string[]])[])(
    'says %s',
    async ([, state, status, reasons], { expect, onTestFinished }) => {
      const { origin } = await serve(onTestFinished, {}, openSmallWorld(state))
      const ready = await fetch(`${origin}/readyz`)
      expect(ready.status).toBe(status)
      expect(await ready.json()).toMatchObject({ reasons })
      expect((await fetch(`${origin}/healthz`)).status).toBe(200)
    },
  )
})

it('counts for a scrape what the callers got', async ({ expect, onTestFinished }) => {
  const { origin, act } = await serve(onTestFinished)
  await act('fire', { times: 3, waiting: 0 })
  const answer = await fetch(`${origin}/metrics`)
  expect(answer.headers.get('content-type')).toContain('text/plain')
  const text = await answer.text()
  expect(text).toContain('aireview_starts_total{job_type="ai-review",outcome="ran"} 1')
  expect(text).toContain('aireview_starts_total{job_type="ai-review",outcome="turnedAway"} 2')
  expect(text).toContain('aireview_instances{state="up"} 1')
})

describe.concurrent('the page', () => {
  const built = (finish: (end: () => void) => void): string => {
    const folder = temporaryFolder(finish)
    mkdirSync(join(folder, 'assets'))
    writeFileSync(join(folder, 'index.html'), '<!doctype html><title>AIReview</title>')
    const script = `export const text = '${'x'.repeat(5_000)}'\n`
    writeFileSync(join(folder, 'assets/index-abc.js'), script)
    writeFileSync(join(folder, 'assets/index-abc.js.br'), brotliCompressSync(script))
    writeFileSync(join(folder, 'assets/index-abc.js.gz'), gzipSync(script))
    return folder
  }

  it('is served, compressed as the browser likes it', async ({ expect, onTestFinished }) => {
    const { origin } = await serve(onTestFinished, { pageFolder: built(onTestFinished) })
    const page = await fetch(origin)
    expect(await page.text()).toContain('<title>AIReview</title>')
    expect(page.headers.get('content-type')).toBe('text/html; charset=utf-8')
    expect(page.headers.get('cache-control')).toBe('no-cache')
    for (const encoding of ['br', 'gzip']) {
      const script = await fetch(`${origin}/assets/index-abc.js`, {
        headers: { 'accept-encoding': encoding },
      })
      expect(script.headers.get('content-encoding')).toBe(encoding)
      expect(script.headers.get('content-type')).toContain('javascript')
      expect(script.headers.get('cache-control')).toContain('immutable')
      expect(Number(script.headers.get('content-length'))).toBeLessThan(500)
      expect(await script.text()).toContain('xxx')
    }
  })

  it('says so when it is not built', async ({ expect, onTestFinished }) => {
    const { origin } = await serve(onTestFinished, { pageFolder: temporaryFolder(onTestFinished) })
    expect(await (await fetch(origin)).text()).toContain('The page is not built.')
  })

  it('gives nothing of the folders around it', async ({ expect, onTestFinished }) => {
    const { origin } = await serve(onTestFinished, { pageFolder: built(onTestFinished) })
    for (const path of ['/..%2f..%2fpackage.json', '/%2e%2e/package.json', '/assets/', '/.env'])
      expect((await fetch(`${origin}${path}`)).status, path).toBeGreaterThanOrEqual(400)
  })
})

it('ends in order: what is being done is done, and the streams end', async ({ expect, onTestFinished }) => {
  const acted = Promise.withResolvers<void>()
  const asked = Promise.withResolvers<void>()
  const world: SmallWorld = {
    ...openSmallWorld(),
    async act(name) {
      asked.resolve()
      await acted.promise
      return { ok: true, message: `${name} was done to its end.` }
    },
  }
  const { origin, act, close } = await serve(onTestFinished, {}, world)
  const page = await openSource(`${origin}/api/events`, onTestFinished)
  await page.next()
  const acting = act('without')
  await asked.promise
  const closed = close()
  await expect(page.until(() => false)).rejects.toThrow('The stream has ended.')
  acted.resolve()
  expect(await (await acting).json()).toEqual({ ok: true, message: 'without was done to its end.' })
  await closed
  await expect(fetch(`${origin}/healthz`)).rejects.toThrow('fetch failed')
})

it('ends although a page does not read, and a browser has a connection on which it asks nothing', async (context) => {
  const { expect, onTestFinished } = context
  const { port, origin, world, close } = await serve(onTestFinished)
  const stalled = connect(port, '127.0.0.1')
  const silent = connect(port, '127.0.0.1')
  onTestFinished(() => {
    stalled.destroy()
    silent.destroy()
  })
  await once(silent, 'connect')
  stalled.write('GET /api/events HTTP/1.1\r\nhost: localhost\r\n\r\n')
  await once(stalled, 'readable')
  const following = await openSource(`${origin}/api/events`, onTestFinished)
  const message = 'x'.repeat(1_000)
  // Forty megabytes: more than the machine keeps for one that does not read.
  for (let round = 0; round < 40; round += 1) {
    for (let index = 0; index < 1_000; index += 1) {
      world.tell({
        at: 0,
        source: 'instance-1',
        type: 'log',
        instance: 'instance-1',
        level: 'info',
        message,
        executionId: null,
        jobType: null,
        jobKey: null,
      })
    }
    await following.until(({ id }) => id.endsWith(`.${(round + 1) * 1_000}`))
  }
  const closed = Promise.all([once(silent, 'close'), close()])
  silent.resume()
  await closed
  await expect(fetch(`${origin}/healthz`)).rejects.toThrow('fetch failed')
})
