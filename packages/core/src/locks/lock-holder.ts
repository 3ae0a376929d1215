import type { LeaseHolder } from '../storage/leases.ts'
import { ownerOf } from './process-name.ts'

/** Who holds a lock, as far as the storage knows. */
export interface LockHolder {
  /** The instance that holds it: host and process, or what `instance` was set to. */
  readonly owner: string
  readonly token: string
  readonly fencingToken: number
  /** How long since it was granted. */
  readonly heldForMs: number
  /** When its lease ends unless it is renewed. */
  readonly remainingMs: number
  /** False: it was just handed over, and its owner has not confirmed yet. */
  readonly claimed: boolean
}

/** The holders in a reply, whose instant is `now`, as callers see them. One whose lease has run out holds nothing. */
export function lockHolders(holders: readonly LeaseHolder[], now: number): LockHolder[] {
  const held = holders.filter(({ remainingMs }) => remainingMs > 0)
  return held.map(({ token, fence, remainingMs, claimed }) => ({
    owner: ownerOf(token),
    token,
    fencingToken: fence,
    // A fence is the microsecond of its grant, or the next after its predecessor.
    heldForMs: Math.max(0, Math.round(now - fence / 1000)),
    remainingMs,
    claimed,
  }))
}
