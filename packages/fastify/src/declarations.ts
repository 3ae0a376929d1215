import type { Holdfast } from '@holdfast/core'
import type { HttpExecution } from '@holdfast/http'
import type { RouteIdempotencyOptions } from './options.ts'

/** What the handler of an idempotent route knows of the request's execution. */
export interface RequestIdempotency {
  /** The client's key. */
  readonly key: string
  /** Its attempt, signal, fencing token, checkpoint and progress; it ends by itself with the answer. */
  readonly execution: HttpExecution
}

declare module 'fastify' {
  interface FastifyInstance {
    holdfast: Holdfast
  }
  interface FastifyRequest {
    /** Null where the route is not idempotent, and where the request came without an optional key. */
    idempotency: RequestIdempotency | null
  }
  interface FastifyContextConfig {
    /** Makes the route's `POST` and `PATCH` idempotent; `true` takes the plugin's `http` options as they are. */
    idempotency?: boolean | RouteIdempotencyOptions
  }
}
