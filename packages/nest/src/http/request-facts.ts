import type { ExecutionContext } from '@nestjs/common'
import type { HttpRequestFacts } from '@holdfast/http'
import type { Platform } from './platform.ts'

/**
 * Nest's own keys for what a handler or its controller says of the requests that it takes, beside path and method.
 * Handlers that share a path and differ in one of these are different routes.
 */
const CONSTRAINTS = { version: '__version__', host: 'host', constraints: '__fastify_route_constraints__' }

/** What the rules need of a request. */
export async function factsOf(platform: Platform, context: ExecutionContext): Promise<HttpRequestFacts> {
  const facts = await platform.facts()
  const given = Object.entries(CONSTRAINTS).flatMap(([name, key]) => {
    const value: unknown =
      Reflect.getMetadata(key, context.getHandler()) ?? Reflect.getMetadata(key, context.getClass())
    // A symbol stands for every version.
    return value === undefined || typeof value === 'symbol' ? [] : [`${name} ${textOf(value)}`]
  })
  const route = given.length === 0 ? facts.route : `${facts.route} (${given.join(', ')})`
  return { ...facts, route, params: { ...(facts.params as object), ...hostParams(platform.request) } }
}

/** What the parameters of a controller's host (`:account.example.com`) stand for; they name a resource as others do. */
function hostParams(request: { readonly hosts?: unknown }): object {
  const entries = Object.entries(request.hosts ?? {})
  return Object.fromEntries(entries.map(([name, value]) => [`host:${name}`, value as unknown]))
}

function textOf(value: unknown): string {
  if (Array.isArray(value)) return value.map(textOf).join(',')
  if (typeof value !== 'object' || value === null || value instanceof RegExp) return String(value)
  return Object.entries(value)
    .map(([name, member]) => `${name} ${textOf(member)}`)
    .join(' ')
}
