import { holdfast as holdfastPlugin } from '@holdfast/fastify'
import { verify } from '@octokit/webhooks-methods'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { type Forge, NothingDone } from '../live/forge.ts'
import { readDelivery } from './forge-delivery.ts'

export const FORGE_ROUTE = '/webhooks/forge'

const DAY_MS = 86_400_000

/** GitHub lets its users send a delivery again for three days. */
const LATEST_MS = 3 * DAY_MS

/** Longer than a delivery may come: so none is known no more, and taken for a new one. */
const RETAIN_MS = 4 * DAY_MS

const MOST_BODY_BYTES = 5 * 2 ** 20

/**
 * Takes the deliveries of a forge, in GitHub's format. The order is: signature, whether it comes too late, claim by its id, review.
 * So what is forged or late uses no id up, and what is delivered twice is answered twice, and starts one review.
 */
export async function addForge(app: FastifyInstance, forge: Forge): Promise<void> {
  await app.register(async (scope) => {
    await scope.register(holdfastPlugin, { holdfast: forge.holdfast })
    // The signature is over the text, and another delivery under the same id is one with another text.
    scope.removeContentTypeParser('application/json')
    scope.addContentTypeParser('application/json', { parseAs: 'string' }, (_request, body, done) =>
      done(null, body),
    )
    scope.post(
      FORGE_ROUTE,
      {
        bodyLimit: MOST_BODY_BYTES,
        preHandler: async (request, reply) => await check(forge, request, reply),
        config: {
          idempotency: {
            scope: () => 'forge',
            key: (request) => header(request, 'x-github-delivery'),
            fingerprint: (request) => [header(request, 'x-github-event'), textOf(request)],
            retainMs: RETAIN_MS,
          },
        },
      },
      async (request, reply) => await take(forge, request, reply),
    )
  })
}

/** Before the claim. */
async function check(
  forge: Forge,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply | undefined> {
  const signature = header(request, 'x-hub-signature-256') ?? ''
  const body = textOf(request)
  // `verify` throws without a body or a signature.
  const isSigned = body !== '' && signature !== '' && (await verify(forge.secret, body, signature))
  if (!isSigned) return await say(reply, 401, 'The signature is not that of the secret.')
  const delivery = readDelivery(header(request, 'x-github-event') ?? '', body)
  if (delivery.kind === 'unreadable') return await say(reply, 400, delivery.message)
  if (delivery.kind === 'other') return undefined
  if (delivery.repository !== forge.repository)
    return await say(reply, 404, `${delivery.repository} is not reviewed here: ${forge.repository} is.`)
  if (Date.now() - delivery.at > LATEST_MS)
    return await say(reply, 410, `It is of ${new Date(delivery.at).toISOString()}, and comes too late.`)
  return undefined
}

async function take(forge: Forge, request: FastifyRequest, reply: FastifyReply): Promise<unknown> {
  const delivery = readDelivery(header(request, 'x-github-event') ?? '', textOf(request))
  if (delivery.kind !== 'range') return { ok: true, message: delivery.message }
  try {
    const { review, what, reason } = await forge.review(delivery.base, delivery.head)
    void reply.code(202)
    return { ok: what !== 'refused', message: reason ?? `The review is ${what}.`, review, what }
  } catch (error) {
    // The id stays free for the same delivery, sent again.
    if (error instanceof NothingDone) return await say(reply, 503, error.message)
    throw error
  }
}

function header(request: FastifyRequest, name: string): string | undefined {
  return request.headers[name]?.toString()
}

function textOf({ body }: FastifyRequest): string {
  return typeof body === 'string' ? body : ''
}

async function say(reply: FastifyReply, status: number, message: string): Promise<FastifyReply> {
  return await reply.code(status).send({ ok: false, message })
}
