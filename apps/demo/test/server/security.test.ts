import { request } from 'node:http'
import { describe, it } from 'vitest'
import type { ActionAnswer } from '../../src/events/snapshot.ts'
import { isOurHost, isOurOrigin } from '../../src/server/same-site.ts'
import { TOKEN, type Serving, serve } from './serving.ts'

const answerOf = async (response: Response): Promise<ActionAnswer> => (await response.json()) as ActionAnswer

/** `fetch` sets the header `Host` itself. */
function askAs({ port }: Serving, host: string, path: string): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    request({ port, host: '127.0.0.1', path, headers: { host } }, (response) => {
      response.resume()
      resolve(response.statusCode)
    })
      .on('error', reject)
      .end()
  })
}

describe.concurrent('the token', () => {
  it('leaves the address, and becomes a cookie that no script can read', async ({
    expect,
    onTestFinished,
  }) => {
    const { origin, port } = await serve(onTestFinished)
    const answer = await fetch(`${origin}/?a=1&token=${TOKEN}&b=2`, { redirect: 'manual' })
    expect(answer.status).toBe(303)
    expect(answer.headers.get('location')).toBe('/?a=1&b=2')
    expect(answer.headers.get('cache-control')).toBe('no-store')
    expect(answer.headers.getSetCookie()).toEqual([
      `aireview-${port}=${TOKEN}; Path=/; HttpOnly; SameSite=Strict`,
    ])
  })

  it('leaves the address when it is wrong, and there is no cookie', async ({ expect, onTestFinished }) => {
    const { origin } = await serve(onTestFinished)
    const answer = await fetch(`${origin}/?token=wrong`, { redirect: 'manual' })
    expect(answer.status).toBe(303)
    expect(answer.headers.get('location')).toBe('/')
    expect(answer.headers.getSetCookie()).toEqual([])
  })

  it('is not led to another machine by a path that looks as one', async ({ expect, onTestFinished }) => {
    const { origin } = await serve(onTestFinished)
    const answer = await fetch(`${origin}//example.org/?token=${TOKEN}`, { redirect: 'manual' })
    expect(answer.headers.get('location')).toBe('/example.org/')
  })

  it('can be typed in', async ({ expect, onTestFinished }) => {
    const { origin, port } = await serve(onTestFinished)
    const type = (token: unknown) =>
      fetch(`${origin}/api/token`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'x-aireview': '1', origin },
        body: JSON.stringify({ token }),
      })
    for (const wrong of ['wrong', 7, undefined]) {
      const answer = await type(wrong)
      expect(answer.status).toBe(401)
      expect(answer.headers.getSetCookie()).toEqual([])
      expect(await answerOf(answer)).toMatchObject({ ok: false })
    }
    const answer = await type(` ${TOKEN}\n`)
    expect(answer.status).toBe(200)
    const [cookie = ''] = answer.headers.getSetCookie()
    expect(cookie).toContain(`aireview-${port}=`)
    const me = await fetch(`${origin}/api/me`, { headers: { cookie: cookie.replace(/;.*/, '') } })
    expect(await me.json()).toEqual({ mayAct: true })
  })
})

describe.concurrent('without the token', () => {
  it('everything can be read', async ({ expect, onTestFinished }) => {
    const serving = await serve(onTestFinished)
    await serving.act('fire', { times: 1, waiting: 0 })
    const paths = [
      '/healthz',
      '/readyz',
      '/metrics',
      '/api/reviews/review-1',
      '/api/record?jobType=ai-review&jobKey=review-1',
      '/api/logs?executionId=x',
    ]
    for (const path of paths) expect((await fetch(`${serving.origin}${path}`)).status, path).toBe(200)
    expect(await (await fetch(`${serving.origin}/api/me`)).json()).toEqual({ mayAct: false })
  })

  it.for(['', 'aireview=the-token-of-the-tests', 'aireview-PORT=wrong', 'aireview-PORT='])(
    'nothing can be changed, with the cookie "%s"',
    async (cookie, { expect, onTestFinished }) => {
      const { act, world, port } = await serve(onTestFinished)
      const answer = await act(
        'fire',
        { times: 1, waiting: 0 },
        { cookie: cookie.replace('PORT', `${port}`) },
      )
      expect(answer.status).toBe(401)
      expect(await answerOf(answer)).toEqual({ ok: false, message: expect.stringContaining('terminal') })
      expect(world.acts).toEqual([])
    },
  )
})

describe.concurrent('with the token', () => {
  it.for([
    ['no header that a form cannot send', { 'x-aireview': '' }],
    ['another origin', { origin: 'http://example.org' }],
    ['another port of this machine', { origin: 'http://127.0.0.1:1' }],
    ['an origin that is hidden', { origin: 'null' }],
  ] as const)('a request with %s changes nothing', async ([, headers], { expect, onTestFinished }) => {
    const { act, world } = await serve(onTestFinished)
    const answer = await act('fire', { times: 1, waiting: 0 }, headers)
    expect(answer.status).toBe(403)
    expect(await answerOf(answer)).toMatchObject({ ok: false })
    expect(world.acts).toEqual([])
  })

  it('a form changes nothing', async ({ expect, onTestFinished }) => {
    const { origin, port, world } = await serve(onTestFinished)
    const answer = await fetch(`${origin}/api/actions/stop-redis`, {
      method: 'POST',
      headers: { cookie: `aireview-${port}=${TOKEN}`, origin },
      body: new URLSearchParams({ a: '1' }),
    })
    expect(answer.status).toBe(403)
    expect(world.acts).toEqual([])
  })
})

describe.concurrent('every answer', () => {
  it.for(['/', '/nowhere', '/api/events', '/healthz', '/?token=x', '/api/reviews/none'])(
    'has the headers that keep other pages out: %s',
    async (path, { expect, onTestFinished }) => {
      const { origin } = await serve(onTestFinished)
      const stopping = new AbortController()
      onTestFinished(() => stopping.abort())
      const { headers } = await fetch(`${origin}${path}`, { redirect: 'manual', signal: stopping.signal })
      const policy = headers.get('content-security-policy') ?? ''
      expect(policy.split(';').toSorted()).toEqual([
        "base-uri 'none'",
        "default-src 'self'",
        "form-action 'none'",
        "frame-ancestors 'none'",
        "img-src 'self' data:",
        "object-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
      ])
      expect(headers.get('x-content-type-options')).toBe('nosniff')
      expect(headers.get('x-frame-options')).toBe('DENY')
      expect(headers.get('referrer-policy')).toBe('no-referrer')
      expect(headers.get('strict-transport-security')).toBeNull()
      expect(headers.get('access-control-allow-origin')).toBeNull()
    },
  )
})

describe.concurrent('the name of the machine', () => {
  it('must be a name that the server has, whatever a page elsewhere has its name resolve to', async (context) => {
    const { expect, onTestFinished } = context
    const serving = await serve(onTestFinished, { names: ['demo.example.org'] })
    for (const host of ['localhost:1', `127.0.0.1:${serving.port}`, '[::1]', 'demo.example.org', '192.0.2.7'])
      expect(await askAs(serving, host, '/healthz'), host).toBe(200)
    for (const host of [
      'evil.example.org',
      'localhost.example.org',
      'demo.example.org.evil',
      '127.0.0.1.nip.io',
    ])
      expect(await askAs(serving, host, '/healthz'), host).toBe(421)
  })

  it('must be there, and a name', ({ expect }) => {
    for (const host of [undefined, '', 'a b', '@', '/']) expect(isOurHost(host, []), String(host)).toBe(false)
  })
})

describe.concurrent('the origin of a change', () => {
  const host = '127.0.0.1:3000'
  it.for([
    [{ host, origin: `http://${host}` }, true],
    [{ host, origin: 'http://localhost:3000' }, false],
    [{ host, origin: 'null' }, false],
    // A program.
    [{ host }, true],
    [{ host, 'sec-fetch-site': 'same-origin' }, true],
    [{ host, 'sec-fetch-site': 'cross-site' }, false],
    [{ host, 'sec-fetch-site': 'same-site' }, false],
  ] as const)('is read from %j: %s', ([headers, isOurs], { expect }) => {
    expect(isOurOrigin(headers)).toBe(isOurs)
  })
})
