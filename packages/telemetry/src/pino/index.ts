/** `@holdfast/telemetry/pino`: which execution a log line belongs to. */
export type { JobField, PinoOptions } from './pino-options.ts'
export { type PinoBridge, startPino } from './start-pino.ts'
