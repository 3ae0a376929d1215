import { type DescribedAnswer, KEY_DESCRIPTION, MAX_KEY_BYTES, PROBLEM_ANSWERS } from '@holdfast/http'
import type { RouteIdempotencyOptions } from './options.ts'

/** The header that a route reads its key from, by the route's config; absent when the key comes from elsewhere. */
const headers: WeakMap<object, { readonly name: string; readonly required: boolean }> = new WeakMap()

/** Remembers what {@link describeIdempotency} will say of a route. */
export function rememberHeader(config: object, options: RouteIdempotencyOptions): void {
  const { header = 'Idempotency-Key', required = true, key } = options
  if (key === undefined) headers.set(config, { name: header, required })
}

/** As much of what @fastify/swagger hands to its `transform` as is looked at and handed on. */
export interface Transformable {
  readonly schema?: unknown
  readonly url: string
  readonly route: { readonly config?: unknown }
}

/**
 * For the `transform` option of @fastify/swagger: adds the header and the problem answers to the description of
 * idempotent routes. They are only described: requests are not validated against it.
 */
export function describeIdempotency<Schema>({
  schema,
  url,
  route: { config },
}: Transformable & { readonly schema?: Schema }): { schema: Schema; url: string } {
  const header = typeof config === 'object' && config !== null ? headers.get(config) : undefined
  if (header === undefined) return { schema: schema as Schema, url }
  const own = (schema ?? {}) as { headers?: JsonSchema; response?: Readonly<Record<string, unknown>> }
  const described = {
    ...own,
    headers: withHeader(own.headers, header),
    response: {
      ...(own.response ?? { '2xx': { description: 'Default Response' } }),
      ...missing(own.response),
    },
  }
  return { schema: described as Schema, url }
}

interface JsonSchema {
  readonly properties?: Readonly<Record<string, unknown>>
  readonly required?: readonly string[]
}

function withHeader(schema: JsonSchema = {}, header: { name: string; required: boolean }): JsonSchema {
  const { properties = {}, required = [] } = schema
  return {
    type: 'object',
    ...schema,
    properties: { ...properties, [header.name]: KEY },
    required: header.required ? [...required, header.name] : required,
  } as JsonSchema
}

function missing(response: Readonly<Record<string, unknown>> = {}): Record<string, DescribedAnswer> {
  return Object.fromEntries(Object.entries(PROBLEM_ANSWERS).filter(([status]) => !(status in response)))
}

const KEY = { type: 'string', minLength: 1, maxLength: MAX_KEY_BYTES, description: KEY_DESCRIPTION }
