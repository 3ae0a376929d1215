import type { FastifyPluginAsync } from 'fastify'
import './declarations.ts'
import { healthSchema } from './schemas.ts'

export interface HealthRouteOptions {
  /** Default `/health`. */
  readonly path?: string
}

/**
 * One route for load balancers and people: 200 while the storage answers and does what it is asked, 503 while it does
 * not (`down`) or refuses what locks or jobs need (`degraded`), with the round trip and what `verify()` found. Register it after the plugin; `prefix` and hooks are Fastify's own.
 */
export const holdfastHealth: FastifyPluginAsync<HealthRouteOptions> = async (app, { path = '/health' }) => {
  app.get(path, { schema: healthSchema }, async (_request, reply) => {
    const { status, error, ...health } = await app.holdfast.health()
    void reply.code(status === 'up' ? 200 : 503).header('cache-control', 'no-store')
    return { status, ...health, error: error?.message ?? null }
  })
}
