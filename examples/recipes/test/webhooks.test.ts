import { randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { sign } from '@octokit/webhooks-methods'
import Stripe from 'stripe'
import { describe, expect, it } from 'vitest'
import { type Program, Programs } from './program.ts'

interface Provider {
  readonly file: string
  readonly path: string
  readonly refused: number
  /** A delivery of the event with that id, and what its handler prints. */
  readonly delivery: (id: string, what: string) => Promise<{ headers: Record<string, string>; body: string }>
  readonly printed: (id: string, what: string) => string
}

const stripe: Provider = {
  file: 'webhooks/stripe.ts',
  path: '/webhooks/stripe',
  refused: 400,
  delivery: async (id, what) => {
    // The envelope differs from delivery to delivery, as Stripe's does.
    const pending = Math.floor(Math.random() * 1_000_000)
    const event = { id, object: 'event', type: 'charge.succeeded', created: 1, pending_webhooks: pending }
    const body = JSON.stringify({ ...event, data: { object: { id: what } } })
    const secret = 'whsec_test'
    return {
      body,
      headers: { 'stripe-signature': Stripe.webhooks.generateTestHeaderString({ payload: body, secret }) },
    }
  },
  printed: (id) => `handled ${id}`,
}

const github: Provider = {
  file: 'webhooks/github.ts',
  path: '/webhooks/github',
  refused: 401,
  delivery: async (id, what) => {
    const body = JSON.stringify({ after: what })
    const headers = {
      'x-github-delivery': id,
      'x-github-event': 'push',
      'x-hub-signature-256': await sign('secret', body),
    }
    return { body, headers }
  },
  printed: (_id, what) => `handled ${what}`,
}

const SECRETS = { STRIPE_WEBHOOK_SECRET: 'whsec_test', GITHUB_WEBHOOK_SECRET: 'secret' }

describe.concurrent.each([
  ['Stripe on Express', stripe],
  ['GitHub on Fastify', github],
  ['GitHub on Express', { ...github, file: 'webhooks/github-express.ts' }],
])('%s', (_name, { file, path, refused, delivery, printed }) => {
  const urlOf = async (program: Program): Promise<string> => {
    const [match] = await program.until(/(?:port: |:)(\d+)/)
    return `http://127.0.0.1:${match?.[1]}${path}`
  }
  const post = async (url: string, id: string, what: string, forged = false): Promise<Response> => {
    const { headers, body } = await delivery(id, what)
    return await fetch(url, {
      method: 'POST',
      body: forged ? body.replace(what, 'forged') : body,
      headers: { ...headers, 'content-type': 'application/json', connection: 'close' },
    })
  }

  it('handles an event once, replays its answer, and refuses what is forged or changed', async () => {
    await using programs = new Programs('webhooks', { ...SECRETS, PORT: '0', WORK_MS: '1' })
    const program = programs.start(file)
    const url = await urlOf(program)
    const [id, what] = [`evt_${randomUUID()}`, randomUUID()]

    const forged = await post(url, id, what, true)
    expect([forged.status, await forged.json()]).toEqual([refused, { error: 'bad signature' }])
    // The forged delivery has not used the id up.
    const first = await post(url, id, what)
    expect([first.status, await first.json()]).toEqual([200, { received: true }])
    const again = await post(url, id, what)
    expect([again.status, again.headers.get('idempotent-replayed')]).toEqual([200, 'true'])
    expect((await post(url, id, what, true)).status).toBe(refused)
    const changed = await post(url, id, 'else')
    expect([changed.status, await changed.json()]).toEqual([
      422,
      expect.objectContaining({ code: 'IDEMPOTENCY_KEY_REUSED' }),
    ])

    if (path === github.path) {
      const { headers, body } = await delivery(id, what)
      const { 'x-github-delivery': _id, ...nameless } = headers
      const type = { 'content-type': 'application/json', connection: 'close' }
      const missing = await fetch(url, { method: 'POST', body, headers: { ...nameless, ...type } })
      expect([missing.status, await missing.json()]).toEqual([
        400,
        expect.objectContaining({ code: 'IDEMPOTENCY_KEY_MISSING' }),
      ])

      // What GitHub sends unless the webhook is set to JSON: the signature is right, and the body is not read.
      const form = `payload=${encodeURIComponent(body)}`
      const formType = { 'content-type': 'application/x-www-form-urlencoded', connection: 'close' }
      const signed = { ...headers, ...formType, 'x-hub-signature-256': await sign('secret', form) }
      expect((await fetch(url, { method: 'POST', body: form, headers: signed })).status).toBe(415)
      const { 'x-hub-signature-256': _signature, ...unsigned } = headers
      const bare = await fetch(url, { method: 'POST', body, headers: { ...unsigned, ...type } })
      expect(bare.status).toBe(401)
      const empty = await fetch(url, { method: 'POST', headers: { ...headers, connection: 'close' } })
      expect([401, 415]).toContain(empty.status)
    }

    program.kill('SIGTERM')
    expect(await program.ended).toBe(0)
    if (path === stripe.path) expect(await programs.commandsOf('webhooks')).toEqual([0, 0])
    expect(program.lines.filter((line) => line.startsWith('handled'))).toEqual([printed(id, what)])
  })

  it('answers 409 while an instance is at work, and has another one do it after a crash', async () => {
    await using programs = new Programs('webhooks', { ...SECRETS, PORT: '0' })
    const killed = programs.start(file, { WORK_MS: '600000', LEASE_MS: '3000' })
    const other = programs.start(file, { WORK_MS: '1' })
    const [killedUrl, url] = await Promise.all([urlOf(killed), urlOf(other)])
    const [id, what] = [`evt_${randomUUID()}`, randomUUID()]

    const lost = post(killedUrl, id, what).catch(() => 'no answer')
    await killed.until(/^handled/)
    const early = await post(url, id, what)
    expect([early.status, await early.json()]).toEqual([
      409,
      expect.objectContaining({ code: 'IDEMPOTENCY_IN_PROGRESS' }),
    ])
    expect(Number(early.headers.get('retry-after'))).toBeGreaterThan(0)
    killed.kill('SIGKILL')
    expect(await lost).toBe('no answer')
    // The provider sends it again, as long as it gets no 2xx.
    let last = early
    while (last.status === 409) {
      await delay(200)
      last = await post(url, id, what)
    }
    expect(last.status).toBe(200)
    await other.until(/^handled/)
    expect(other.lines.filter((line) => line.startsWith('handled'))).toEqual([printed(id, what)])
  })
})
