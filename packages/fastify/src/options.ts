import type { Holdfast, HoldfastOptions } from '@holdfast/core'
import type { AppSettings, HttpIdempotencyOptions } from '@holdfast/http'
import type { FastifyRequest } from 'fastify'

/** What a route may say under `config.idempotency`; the rest comes from the plugin's `http`. */
export type RouteIdempotencyOptions = Partial<HttpIdempotencyOptions<FastifyRequest>>

/** What the plugin takes: the options of a Holdfast that it makes and closes, or one that is there already. */
export type HoldfastPluginOptions = PluginSettings &
  // Fastify has an option of that name, which must not be undefined.
  (
    | (HoldfastOptions & { readonly prefix?: string })
    | {
        /** One that is there already: `app.holdfast` is this one. */
        readonly holdfast: Holdfast
        readonly closeHoldfast?: AppSettings['closeHoldfast']
      }
  )

/** What the plugin takes beside the Holdfast that it makes or gets. */
export interface PluginSettings extends Omit<AppSettings, 'closeHoldfast'> {
  /** Defaults of every idempotent route; each route may override them. `scope` has no default. */
  readonly http?: RouteIdempotencyOptions
}
