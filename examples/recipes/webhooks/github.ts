// #region app
import { holdfast as plugin } from '@holdfast/fastify'
import { verify } from '@octokit/webhooks-methods'
import fastify, { type FastifyRequest } from 'fastify'
import { holdfast, redis } from '../holdfast.ts'
import { work } from '../work.ts'

const { GITHUB_WEBHOOK_SECRET = '', PORT = '3000' } = process.env
if (GITHUB_WEBHOOK_SECRET === '') throw new Error('GITHUB_WEBHOOK_SECRET is missing.')

const app = fastify()
await app.register(plugin, { holdfast, closeHoldfast: true })

// The signature is over the text, so it is kept as text; `fingerprint` compares it as it came.
app.addContentTypeParser('application/json', { parseAs: 'string' }, (_request, body, done) =>
  done(null, body),
)

const header = (request: FastifyRequest, name: string): string | undefined =>
  request.headers[name]?.toString()

app.post(
  '/webhooks/github',
  {
    // Before the handler's place, so before the claim: a forged delivery uses no id up.
    preHandler: async (request, reply) => {
      const signature = header(request, 'x-hub-signature-256') ?? ''
      // `verify` throws without a body or a signature.
      const body = (request.body as string | undefined) ?? ''
      const isSigned =
        body !== '' && signature !== '' && (await verify(GITHUB_WEBHOOK_SECRET, body, signature))
      if (!isSigned) return reply.code(401).send({ error: 'bad signature' })
    },
    config: {
      idempotency: {
        scope: () => 'github',
        key: (request) => header(request, 'x-github-delivery'),
        fingerprint: (request) => [header(request, 'x-github-event'), request.body],
        // GitHub lets its users send a delivery again for three days.
        retainMs: 4 * 86_400_000,
      },
    },
  },
  async (request) => {
    const { after } = JSON.parse(request.body as string) as { after: string }
    await work(`handled ${after}`)
    return { received: true }
  },
)
// #endregion

// #region stop
process.once('SIGTERM', async () => {
  await app.close()
  redis.disconnect()
})

console.log('listening on', await app.listen({ port: Number(PORT), host: '127.0.0.1' }))
// #endregion
