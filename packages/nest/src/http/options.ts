import type { HttpIdempotencyOptions } from '@holdfast/http'

/** The defaults of a module's idempotent routes: for what a route does not say itself. */
export type HttpIdempotencyDefaults = Partial<HttpIdempotencyOptions<never>>

/**
 * How a route differs from the module's `http` defaults. `Request` is the platform's own request, Express' or
 * Fastify's, with what your guards put on it.
 */
export interface IdempotentOptions<Request> extends Partial<HttpIdempotencyOptions<Request>> {
  /** The named instance to use. Default: the unnamed one. */
  readonly holdfast?: string
}
