import type { Holdfast, HoldfastOptions } from '@holdfast/core'
import type { HttpIdempotencyOptions } from '@holdfast/http'
import type { FastifyRequest } from 'fastify'

/** What a route may say under `config.idempotency`; the rest comes from the plugin's `http`. */
export type RouteIdempotencyOptions = Partial<HttpIdempotencyOptions<FastifyRequest>>

export type HoldfastPluginOptions = PluginSettings &
  // Fastify has an option of that name, which must not be undefined.
  (
    | (HoldfastOptions & { readonly prefix?: string })
    | {
        /** One that is there already: `app.holdfast` is this one. */
        readonly holdfast: Holdfast
        /** Whether closing the app closes it. Default false: who made it closes it. */
        readonly closeHoldfast?: boolean
      }
  )

export interface PluginSettings {
  /** Defaults of every idempotent route; each route may override them. `scope` has no default. */
  readonly http?: RouteIdempotencyOptions
  /** How long closing waits for handlers whose client is gone and for jobs. Default 10,000. */
  readonly graceMs?: number
  /** Log `ready`, `lost` and `reconnecting` of the storage's connection through `app.log`. Default true. */
  readonly logConnection?: boolean
}
