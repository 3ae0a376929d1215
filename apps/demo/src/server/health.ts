import type { FastifyInstance } from 'fastify'
import type { WorldState } from '../events/snapshot.ts'

/** For an operator of the demo: `/healthz` says that this process answers, `/readyz` that there is something to see. */
export function addHealth(app: FastifyInstance, state: () => WorldState, isClosing: () => boolean): void {
  app.get('/healthz', async () => ({ status: 'ok' }))
  app.get('/readyz', async (_request, reply) => {
    const reasons = isClosing() ? ['The demo ends.'] : whyNotReady(state())
    void reply.code(reasons.length === 0 ? 200 : 503).header('cache-control', 'no-store')
    return { status: reasons.length === 0 ? 'ready' : 'not ready', reasons }
  })
}

function whyNotReady({ instances, redis, storage }: WorldState): readonly string[] {
  const isRedisAway = storage !== 'memory' && redis.state !== 'up'
  const hasInstance = instances.some(({ state }) => state === 'up')
  return [
    ...(isRedisAway ? [`Redis is ${redis.state}.`] : []),
    ...(hasInstance ? [] : ['No instance is up.']),
  ]
}
