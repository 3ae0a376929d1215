import { type HealthViewOptions, checkAdapterSettings, healthView, whyNotUp } from '@holdfast/core/http'
import type { FastifyPluginAsync } from 'fastify'
import './declarations.ts'
import { OPTIONS_OF_FASTIFY, registeredHoldfast } from './registered.ts'
import { healthSchema } from './schemas.ts'

export interface HealthRouteOptions extends HealthViewOptions {
  /** Default `/health`. */
  readonly path?: string
}

/**
 * One route for load balancers and people: 200 while the storage answers and does what it is asked, 503 while it does
 * not (`down`) or refuses what locks or jobs need (`degraded`), with the round trip and the codes of what `verify()`
 * found. What the codes mean here is logged. Register it after the plugin; `prefix` and hooks are Fastify's own.
 */
export const holdfastHealth: FastifyPluginAsync<HealthRouteOptions> = async (app, options) => {
  checkAdapterSettings(options, ['path', 'exposeDetails', ...OPTIONS_OF_FASTIFY])
  const { path = '/health' } = options
  const holdfast = registeredHoldfast(app, 'holdfastHealth')
  app.get(path, { schema: healthSchema }, async (request, reply) => {
    const health = await holdfast.health()
    const reason = whyNotUp(health)
    if (reason !== undefined) request.log.warn({ storage: health.status }, `holdfast: ${reason}`)
    void reply.code(reason === undefined ? 200 : 503).header('cache-control', 'no-store')
    return healthView(health, options)
  })
}
