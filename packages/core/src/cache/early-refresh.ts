import type { Runtime } from '../support/runtime.ts'
import type { LoadPolicy } from './options.ts'
import type { Read } from './read.ts'

/**
 * Whether a value that is still fresh is to be loaded anew now: the more likely, the longer its load took and the nearer its
 * end is. `drawnMs`: how long before its end, if that was drawn before, for a `beta` of 1. XFetch: Vattani, Chierichetti, Lowenstein, "Optimal Probabilistic Cache Stampede Prevention", VLDB 2015.
 */
export function isEarly(
  { entry, now }: Read,
  { earlyRefresh }: LoadPolicy,
  runtime: Pick<Runtime, 'random'>,
  drawnMs?: number,
): boolean {
  if (earlyRefresh === false || entry === undefined || now === undefined || entry.loadMs === 0) return false
  const beta = earlyRefresh === true ? 1 : earlyRefresh.beta
  const leftMs = entry.writtenAt + entry.ttlMs - now
  return beta * (drawnMs ?? -entry.loadMs * Math.log(1 - runtime.random())) >= leftMs
}
