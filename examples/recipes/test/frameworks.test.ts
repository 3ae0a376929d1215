import { randomUUID } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { Programs } from './program.ts'

describe.concurrent.each(['express', 'koa', 'hono'])('%s', (framework) => {
  it('does what the page says', async () => {
    await using programs = new Programs('frameworks', { WORK_MS: '1' })
    const program = programs.start(`frameworks/${framework}.ts`)
    const [match] = await program.until(/port: (\d+)/)
    const post = async (path: string, key: string | undefined, body: unknown, user = 'ada') =>
      await fetch(`http://127.0.0.1:${match?.[1]}${path}`, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          authorization: user,
          connection: 'close',
          ...(key === undefined ? {} : { 'idempotency-key': key }),
        },
        body: JSON.stringify(body),
      })
    const key = randomUUID()

    const first = await post('/payments', key, { amount: 5 })
    const text = await first.text()
    expect([first.status, JSON.parse(text)]).toMatchObject([201, { amount: 5 }])
    const again = await post('/payments', key, { amount: 5 })
    expect([again.status, await again.text()]).toEqual([201, text])
    expect(again.headers.get('idempotent-replayed')).toBe('true')
    expect(again.headers.get('content-type')).toBe(first.headers.get('content-type'))

    const other = await post('/payments', key, { amount: 6 })
    expect([other.status, await other.json()]).toMatchObject([422, { code: 'IDEMPOTENCY_KEY_REUSED' }])
    const without = await post('/payments', undefined, { amount: 6 })
    expect([without.status, await without.json()]).toMatchObject([400, { code: 'IDEMPOTENCY_KEY_MISSING' }])
    // Another user's key is another key.
    expect(await (await post('/payments', key, { amount: 7 }, 'bob')).json()).toMatchObject({ amount: 7 })

    // What the handler throws is answered by the framework, and a 5xx is not recorded.
    const failing = randomUUID()
    for (const _ of [1, 2]) {
      const failed = await post('/payments', failing, { amount: 2_000 })
      expect([failed.status, failed.headers.get('idempotent-replayed')]).toEqual([500, null])
    }

    const streaming = randomUUID()
    expect(await (await post('/exports', streaming, {})).text()).toBe('one,two')
    const streamed = await post('/exports', streaming, {})
    expect([streamed.status, await streamed.json()]).toMatchObject([
      409,
      { code: 'IDEMPOTENCY_RESPONSE_NOT_STORED' },
    ])

    expect(await programs.commandsOf('frameworks')).toEqual([0])
    program.kill('SIGTERM')
    expect(await program.ended).toBe(0)
    expect(program.lines.filter((line) => line.startsWith('charged'))).toEqual(['charged 5', 'charged 7'])
  })

  it('has one of two requests at a time answered, and the other refused', async () => {
    await using programs = new Programs('frameworks', { WORK_MS: '600000' })
    const program = programs.start(`frameworks/${framework}.ts`)
    const [match] = await program.until(/port: (\d+)/)
    const request = {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: 'ada', 'idempotency-key': 'k' },
      body: '{"amount":5}',
    }
    const url = `http://127.0.0.1:${match?.[1]}/payments`
    const lost = fetch(url, request).catch(() => 'no answer')
    await program.until(/^charged/)
    const second = await fetch(url, request)
    expect([second.status, await second.json()]).toMatchObject([409, { code: 'IDEMPOTENCY_IN_PROGRESS' }])
    program.kill('SIGKILL')
    expect(await lost).toBe('no answer')
  })
})
