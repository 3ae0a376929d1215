import { setMaxListeners } from 'node:events'
import {
  type Holdfast,
  HoldfastError,
  type HoldfastOptions,
  InvalidArgumentError,
  createHoldfast,
} from '@holdfast/core'
import { checkAdapterSettings } from '@holdfast/core/http'
import type { FastifyPluginAsync } from 'fastify'
import fp from 'fastify-plugin'
import { logConnection } from './connection-log.ts'
import './declarations.ts'
import { idempotentRoutes } from './idempotent-routes.ts'
import type { HoldfastPluginOptions, PluginSettings } from './options.ts'
import { shutdowns } from './shutdown.ts'

const plugin: FastifyPluginAsync<HoldfastPluginOptions> = async (app, options) => {
  if (app.hasDecorator('holdfast')) {
    throw new InvalidArgumentError(
      '@holdfast/fastify is registered here or above already. For a second instance, register each in a plugin of its own, beside the other.',
    )
  }
  checkAdapterSettings(options)
  const { http, graceMs = 10_000, logConnection: log = true } = options
  const { holdfast, closes } = instanceOf(options)
  const closing = new AbortController()
  // Every stream of events that is open listens to it.
  setMaxListeners(0, closing.signal)
  const routes = idempotentRoutes(app, holdfast, http, closing.signal)
  const stopLogging = log ? logConnection(holdfast, app.log) : undefined

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
    const closeAt = performance.now() + graceMs
    await within(graceMs, routes.drained())
    stopLogging?.()
    if (closes) await holdfast.close({ graceMs: Math.max(0, closeAt - performance.now()) })
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

function instanceOf(options: HoldfastPluginOptions): { holdfast: Holdfast; closes: boolean } {
  if ('holdfast' in options) return { holdfast: options.holdfast, closes: options.closeHoldfast ?? false }
  // What is for the plugin, and what Fastify itself takes of the options of every plugin.
  const {
    http: _http,
    graceMs: _graceMs,
    logConnection: _logConnection,
    logLevel: _logLevel,
    logSerializers: _logSerializers,
    ...own
  } = options as OfRegister
  return { holdfast: createHoldfast(own), closes: true }
}

type OfRegister = PluginSettings &
  HoldfastOptions & { readonly logLevel?: unknown; readonly logSerializers?: unknown }

async function within(ms: number, work: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const deadline = new Promise<void>((resolve) => (timer = setTimeout(resolve, ms)))
  await Promise.race([work, deadline])
  clearTimeout(timer)
}
