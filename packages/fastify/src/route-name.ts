import { InvalidArgumentError } from '@holdfast/core'
import type { RouteOptions } from 'fastify'

/**
 * What distinguishes a route from all others of its method: its pattern, and the constraints that it has. Their values are
 * texts and regular expressions; a strategy of the app's own may have others, which have no name.
 */
export function routeName({ url, constraints = {} }: Pick<RouteOptions, 'url' | 'constraints'>): string {
  const parts = Object.entries(constraints)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]: [string, unknown]) => {
      if (typeof value === 'string' || typeof value === 'number' || value instanceof RegExp)
        return `${name} ${value}`
      throw new InvalidArgumentError(
        `${url} cannot be idempotent: its constraint ${name} is neither a text nor a regular expression, so it cannot be distinguished from other routes of this path.`,
      )
    })
  return parts.length === 0 ? url : `${url} (${parts.join(', ')})`
}
