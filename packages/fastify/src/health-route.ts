import {
  type HealthViewOptions,
  checkAdapterSettings,
  healthView,
  whyNoCache,
  whyNotUp,
} from '@holdfast/http'
import type { FastifyPluginAsync } from 'fastify'
import './declarations.ts'
import { OPTIONS_OF_FASTIFY, registeredHoldfast } from './registered.ts'
import { healthSchema } from './schemas.ts'

/** Where the health route is, and what it shows. */
export interface HealthRouteOptions extends HealthViewOptions {
  /**
   * Where the route is.
   * @default '/health'
   */
  readonly path?: string
}

/**
 * One route for load balancers and people: 200 while the storage answers and does what it is asked, 503 while it does
 * not (`down`) or refuses what locks or jobs need (`degraded`), with the round trip and the codes of what `verify()`
 * found. A cache that keeps nothing is shown and logged, and answers 200: loads run. What the codes mean here is logged. Register it after the plugin; `prefix` and hooks are Fastify's own.
 */
export const holdfastHealth: FastifyPluginAsync<HealthRouteOptions> = async (app, options) => {
  checkAdapterSettings(options, ['path', 'exposeDetails', ...OPTIONS_OF_FASTIFY])
  const { path = '/health' } = options
  const holdfast = registeredHoldfast(app, 'holdfastHealth')
  app.get(path, { schema: healthSchema }, async (request, reply) => {
    const health = await holdfast.health()
    const reason = whyNotUp(health)
    if (reason !== undefined) request.log.warn({ storage: health.status }, `holdfast: ${reason}`)
    const noCache = reason === undefined ? whyNoCache(health) : undefined
    if (noCache !== undefined) request.log.warn({ storage: 'cache' }, `holdfast: ${noCache}`)
    void reply.code(reason === undefined ? 200 : 503).header('cache-control', 'no-store')
    return healthView(health, options)
  })
}
