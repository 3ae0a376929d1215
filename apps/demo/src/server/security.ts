import cookie from '@fastify/cookie'
import helmet from '@fastify/helmet'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { ActionAnswer } from '../events/snapshot.ts'
import { FORGE_ROUTE } from './forge-route.ts'
import { isOurHost, isOurOrigin } from './same-site.ts'
import type { Token } from './token.ts'

export interface SecurityOptions {
  readonly token: Token
  /** Names of this machine beside `localhost` and its IP addresses. */
  readonly names: readonly string[]
}

/** Browsers let no form, and no page elsewhere, send it. */
const CHANGE_HEADER = 'x-aireview'

/** Takes the token of a visitor who types it; the only change that needs none. */
const TOKEN_ROUTE = '/api/token'

const HEADERS = {
  contentSecurityPolicy: {
    useDefaults: false,
    directives: {
      defaultSrc: ["'self'"],
      scriptSrc: ["'self'"],
      styleSrc: ["'self'"],
      imgSrc: ["'self'", 'data:'],
      objectSrc: ["'none'"],
      baseUri: ["'none'"],
      formAction: ["'none'"],
      frameAncestors: ["'none'"],
    },
  },
  xFrameOptions: { action: 'deny' },
  referrerPolicy: { policy: 'no-referrer' },
  // The page is served without TLS: a browser must not insist on it.
  strictTransportSecurity: false,
} as const

/** A visitor who has the address may look at everything; one who has the token may also change something. */
export async function secure(app: FastifyInstance, { token, names }: SecurityOptions): Promise<void> {
  await app.register(cookie)
  await app.register(helmet, HEADERS)

  app.addHook('onRequest', async (request, reply) => {
    if (!isOurHost(request.headers.host, names)) return await refuse(reply, 421, wrongHost(request))
    if (request.method === 'GET' || request.method === 'HEAD') {
      return await takeTokenFromAddress(request, reply, token)
    }
    // It has its own proof, a signature, and no browser sends it.
    if (request.url === FORGE_ROUTE) return undefined
    if (request.headers[CHANGE_HEADER] !== '1') return await refuse(reply, 403, NO_HEADER)
    if (!isOurOrigin(request.headers)) return await refuse(reply, 403, WRONG_ORIGIN)
    const isAllowed = request.url === TOKEN_ROUTE || token.matches(request.cookies[cookieName(request)])
    return isAllowed ? undefined : await refuse(reply, 401, NO_TOKEN)
  })

  app.get('/api/me', async (request, reply) => {
    void reply.header('cache-control', 'no-store')
    return { mayAct: token.matches(request.cookies[cookieName(request)]) }
  })

  app.post<{ readonly Body: { readonly token?: unknown } | null }>(TOKEN_ROUTE, async (request, reply) => {
    const given = request.body?.token
    if (typeof given !== 'string' || !token.matches(given.trim()))
      return await refuse(reply, 401, WRONG_TOKEN)
    setCookie(request, reply, token)
    return { ok: true, message: 'You can change something now.' } satisfies ActionAnswer
  })
}

const NO_TOKEN = 'You can look, but not change anything: that takes the token that the terminal shows.'
const WRONG_TOKEN = 'That is not the token. The terminal shows it, at the end of the address.'
const NO_HEADER = `A change needs the header "${CHANGE_HEADER}: 1".`
const WRONG_ORIGIN = 'A change can only come from this page, and this request comes from another one.'
const wrongHost = ({ headers }: FastifyRequest): string =>
  `This page is not called ${headers.host ?? 'nothing'}. Use the address that the terminal shows, or give the demo this name with AIREVIEW_NAMES.`

async function refuse(reply: FastifyReply, status: number, message: string): Promise<FastifyReply> {
  return await reply.code(status).send({ ok: false, message } satisfies ActionAnswer)
}

/** The token leaves the address at once: addresses are kept, shown and sent to colleagues. */
async function takeTokenFromAddress(
  request: FastifyRequest,
  reply: FastifyReply,
  token: Token,
): Promise<FastifyReply | undefined> {
  const address = new URL(`http://here${request.url.startsWith('/') ? request.url : '/'}`)
  const given = address.searchParams.get('token')
  if (given === null) return undefined
  if (token.matches(given)) setCookie(request, reply, token)
  address.searchParams.delete('token')
  // One slash: with two, a browser would take what follows for the name of another machine.
  const path = address.pathname.replace(/^\/+/, '/')
  return await reply.header('cache-control', 'no-store').redirect(`${path}${address.search}`, 303)
}

function setCookie(request: FastifyRequest, reply: FastifyReply, token: Token): void {
  void reply.setCookie(cookieName(request), token.text, { httpOnly: true, sameSite: 'strict', path: '/' })
}

/** A browser sends cookies to every port of a machine, and two demos may run on one. */
function cookieName({ socket }: FastifyRequest): string {
  return `aireview-${socket.localPort}`
}
