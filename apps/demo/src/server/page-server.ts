import fastify from 'fastify'
import { Registry } from 'prom-client'
import type { World, WorldEvent } from '../live/world.ts'
import type { TourOptions } from '../tour/tour.ts'
import { createActing } from './acting.ts'
import { addApi } from './api.ts'
import { createEventStream } from './event-stream.ts'
import { addForge } from './forge-route.ts'
import { createFeed } from './feed.ts'
import { addHealth } from './health.ts'
import { addPage } from './page-files.ts'
import { scrape } from './scrape.ts'
import { secure } from './security.ts'
import { measureModel } from './model-metrics.ts'
import { tellSums } from './sums.ts'
import type { Token } from './token.ts'
import { createWorldMetrics } from './world-metrics.ts'

export interface PageServerOptions {
  readonly world: World
  readonly token: Token
  /** Names of this machine beside `localhost` and its IP addresses. */
  readonly names?: readonly string[]
  /** Where the built page is. */
  readonly pageFolder?: string | undefined
  /** What a scrape gets. */
  readonly register?: Registry
  readonly tour?: TourOptions
}

export interface PageServer {
  /** Resolves to the port. */
  readonly listen: (host: string, port: number) => Promise<number>
  /** Takes nothing new, lets the actions at work end, and then ends the streams. The world goes on. */
  readonly close: () => Promise<void>
}

const MOST_BODY_BYTES = 64 * 1024

/** Browsers open connections on which they ask nothing, and the shutdown would wait for those. */
const GRACE_MS = 3_000

/** Serves one world to any number of pages. */
export async function createPageServer(options: PageServerOptions): Promise<PageServer> {
  const { world, token, names = [], pageFolder, register = new Registry(), tour } = options
  const app = fastify({ bodyLimit: MOST_BODY_BYTES, forceCloseConnections: 'idle' })
  const feed = createFeed(world.state)
  const stream = createEventStream(feed)
  const count = createWorldMetrics(register, world.state, stream.readers)
  measureModel(register, world.spent)
  const sums = tellSums(feed.publish)
  const publish = (event: WorldEvent): void => {
    count(event)
    feed.publish(event)
    sums.note(event)
  }
  let isClosing = false
  // What is answered now ends its connection, too: the shutdown waits for every one.
  app.addHook('onSend', async (_request, reply) => {
    if (isClosing) void reply.header('connection', 'close')
  })
  app.removeContentTypeParser('text/plain')

  await secure(app, { token, names })
  app.setErrorHandler<Error & { readonly statusCode?: number }>(async (error, _request, reply) => {
    const { statusCode = 500, message } = error
    return await reply.code(statusCode).send({ ok: false, message })
  })
  // Pages hear what happens before they hear what it is a part of.
  const unsubscribe = world.subscribe(publish)
  const acting = createActing(world, publish, tour)
  addApi(app, { world, stream, act: acting.act })
  if (world.forge !== undefined) await addForge(app, world.forge)
  addHealth(app, world.state, () => isClosing)
  app.get(
    '/metrics',
    async (_request, reply) =>
      await reply.type(register.contentType).send(await scrape(register, await world.measure())),
  )
  await addPage(app, pageFolder)

  return {
    async listen(host, port) {
      await app.listen({ host, port })
      const address = app.server.address()
      return typeof address === 'object' && address !== null ? address.port : port
    },
    async close() {
      isClosing = true
      await acting.close()
      unsubscribe()
      sums.close()
      stream.close()
      const late = setTimeout(() => app.server.closeAllConnections(), GRACE_MS)
      await app.close()
      clearTimeout(late)
    },
  }
}
