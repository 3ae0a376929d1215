import type { Lock } from '../model/model.ts'
import { lengthOf } from '../format.ts'

export type Holder = Lock['holders'][number]

/** One permit of a lock or semaphore, and who has it. */
export type Place = Holder | null

/** So many empty places are drawn; a number says how many more there are. */
const DRAWN = 8

export interface Places {
  readonly places: readonly Place[]
  readonly moreEmpty: number
}

/** The holders of permits, then the empty ones. A free lock has no place to show: it says who had it last. */
export function placesOf({ holders, permits }: Lock): Places {
  if (permits === 1) return { places: holders, moreEmpty: 0 }
  const empty = Math.max(0, permits - holders.length)
  const drawn = Math.min(empty, Math.max(0, DRAWN - holders.length))
  return {
    places: [...holders, ...Array.from({ length: drawn }, () => null)],
    moreEmpty: empty - drawn,
  }
}

/** What remains of a holder's lease, from 1 down to 0: no other instance has the permit before it is over. */
export function leaseLeft({ at }: Lock, holder: Holder, now: number): number {
  const remaining = holder.leaseRemainingMs - Math.max(0, now - at)
  return Math.min(1, Math.max(0, remaining / holder.leaseMs))
}

/** `held 3.1 s` */
export function heldWords({ at }: Lock, { heldMs }: Holder, now: number): string {
  return `held ${secondsOf(heldMs + Math.max(0, now - at))}`
}

export function waitedWords({ at }: Lock, waitedMs: number, now: number): string {
  return secondsOf(waitedMs + Math.max(0, now - at))
}

/** `free · last held by instance-1, 2 min ago` */
export function freeWords({ last }: Lock, now: number): string {
  if (last === null) return 'free · never held so far'
  return `free · last held by ${last.instance}, ${agoWords(Math.max(0, now - last.at))}`
}

function agoWords(ms: number): string {
  const seconds = Math.floor(ms / 1_000)
  if (seconds < 1) return 'just now'
  return seconds < 60 ? `${seconds} s ago` : `${Math.floor(seconds / 60)} min ago`
}

/** Always in seconds, since it counts while one looks: `0.4 s`. */
function secondsOf(ms: number): string {
  return ms < 1_000 ? `${(ms / 1_000).toFixed(1)} s` : lengthOf(ms)
}

/** `lock`, `2 at a time` */
export function kindWords({ permits }: Lock): string {
  return permits === 1 ? 'lock' : `${permits} at a time`
}
