export type { RequestIdempotency } from './declarations.ts'
export type { HoldfastPluginOptions, PluginSettings, RouteIdempotencyOptions } from './options.ts'
export { holdfast as default, holdfast } from './plugin.ts'
