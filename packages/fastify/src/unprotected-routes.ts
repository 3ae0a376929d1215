import { subscribe } from 'node:diagnostics_channel'
import { InvalidArgumentError } from '@holdfast/core'
import type { FastifyInstance, RouteOptions } from 'fastify'
import './declarations.ts'

/** On the options of a route that is protected; of the global registry, for copies of this package in one app. */
const PROTECTED = Symbol.for('holdfast:protected')

/** Whether a route asks to be idempotent. Fastify registers a HEAD beside each GET, with the same config. */
export function asksForIdempotency({ config, method }: RouteOptions): boolean {
  return Boolean(config?.idempotency) && ![method].flat().every((name) => name === 'HEAD')
}

export function markProtected(route: RouteOptions): void {
  Object.assign(route, { [PROTECTED]: true })
}

// Fastify does not report earlier routes to a plugin. So that none stays unprotected in silence, every app is
// watched from its beginning, and one with such a route does not start.
subscribe('fastify.initialization', (message) => {
  const { fastify: app } = message as { readonly fastify: FastifyInstance }
  const asking: RouteOptions[] = []
  app.addHook('onRoute', (route) => {
    if (asksForIdempotency(route)) asking.push(route)
  })
  app.addHook('onReady', async () => {
    const route = asking.find((candidate) => !(PROTECTED in candidate))
    if (route === undefined) return
    throw new InvalidArgumentError(
      `${[route.method].flat().join(', ')} ${route.url} asks for idempotency and is not protected: await app.register(holdfast, …) before the route is registered, in the same context or above.`,
    )
  })
})
