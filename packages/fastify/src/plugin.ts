import { setMaxListeners } from 'node:events'
import { HoldfastError, InvalidArgumentError } from '@holdfast/core'
import {
  type ConnectionLog,
  appSettings,
  checkAdapterSettings,
  closeAfter,
  holdfastOf,
  logConnection,
} from '@holdfast/http'
import type { FastifyBaseLogger, FastifyPluginAsync } from 'fastify'
import fp from 'fastify-plugin'
import './declarations.ts'
import { idempotentRoutes } from './idempotent-routes.ts'
import type { HoldfastPluginOptions } from './options.ts'
import { shutdowns } from './shutdown.ts'

const plugin: FastifyPluginAsync<HoldfastPluginOptions> = async (app, options) => {
  if (app.hasDecorator('holdfast')) {
    throw new InvalidArgumentError(
      '@holdfast/fastify is registered here or above already. For a second instance, register each in a separate plugin, beside the other.',
    )
  }
  checkAdapterSettings(options)
  const { http } = options
  const { graceMs, logConnection: log } = appSettings(options)
  const { holdfast, closes } = holdfastOf(options, NOT_CORES)
  const closing = new AbortController()
  // Every stream of events that is open listens to it.
  setMaxListeners(0, closing.signal)
  const routes = idempotentRoutes(app, holdfast, http, closing.signal)
  const stopLogging = log ? logConnection(holdfast, logOf(app.log)) : undefined

  // Fastify sends the message of an error, when it has logged the whole of it.
  app.addHook('onError', (_request, _reply, error, done) => {
    if (HoldfastError.isInstance(error))
      Object.defineProperty(error, 'message', { value: error.publicMessage })
    done()
  })

  app.decorate('holdfast', holdfast)
  shutdowns.set(holdfast, closing.signal)

  // Before the server waits for its requests: what would keep them open for long has to end by itself.
  app.addHook('preClose', async () => closing.abort())
  // After the server has sent its last answer. A handler whose client is gone may still be at work.
  app.addHook('onClose', async () => {
    await closeAfter(routes.drained(), graceMs, async (grace) => {
      stopLogging?.()
      if (closes) await holdfast.close(grace)
    })
  })
}

/**
 * Locks, idempotent jobs and routes, and a cache for a Fastify app: `await app.register(holdfast, { storage })`, then
 * `app.holdfast` and `config: { idempotency: … }` on routes that are registered after it, here and in every plugin
 * below.
 */
export const holdfast: FastifyPluginAsync<HoldfastPluginOptions> = fp(plugin, {
  name: '@holdfast/fastify',
  fastify: '>=4.29.0 <6.0.0',
})

/** What is for the plugin, and what Fastify itself takes of the options of every plugin. */
const NOT_CORES = ['http', 'graceMs', 'logConnection', 'logLevel', 'logSerializers']

function logOf(log: FastifyBaseLogger): ConnectionLog {
  const waiting = (): void => log.warn({ holdfast: 'reconnecting' }, 'holdfast: waiting for the storage')
  return {
    waiting,
    lost() {
      log.warn({ holdfast: 'lost' }, 'holdfast: lost the storage')
      waiting()
    },
    ready: (downMs) => log.info({ holdfast: 'ready', downMs }, 'holdfast: connected to the storage'),
  }
}
