import type { Runtime } from '../../support/runtime.ts'
import { BoundedMemory } from '../bounded-memory.ts'
import type { Bounds } from '../bounds.ts'
import type { Cells } from './cells.ts'
import type { Copy } from './copy.ts'
import type { HotCopies } from './hot-copies.ts'
import { Lease } from './link.ts'
import type { NearPolicy } from './options.ts'
import type { NearCounts } from './stats.ts'

/**
 * The reads of one key that are under way. They share it: what is reported meanwhile makes it void, and none of them keeps
 * what it gets. With one for each read, a key that is always being read would never be kept.
 */
export class Marker {
  readers = 0
  isVoid = false
  /** What one of them has found: the beginning of an entry, or null for none that counts. */
  found: string | null | undefined
}

/** The copies of one namespace, or definition, by the keys that its callers give. */
export class NearSpace {
  readonly policy: NearPolicy
  readonly counts: NearCounts
  readonly lease: Lease
  readonly copies: BoundedMemory<Copy>
  readonly markers: Map<string, Marker> = new Map()
  readonly cells: Cells
  readonly hot: HotCopies

  constructor(
    policy: NearPolicy,
    counts: NearCounts,
    runtime: Runtime,
    { bounds, hot }: { readonly bounds: Bounds; readonly hot: HotCopies },
    cells: Cells,
    prefixes: readonly string[],
  ) {
    this.policy = policy
    this.counts = counts
    this.cells = cells
    this.hot = hot
    this.copies = new BoundedMemory({
      bounds,
      now: () => runtime.monotonicNow(),
      onLeave: (copy, isEvicted) => {
        for (const cell of copy.cells) cells.release(cell)
        hot.delete(copy)
        if (isEvicted) counts.evicted += 1
      },
    })
    // What was kept before the link was up counts for nothing; what was lost serves until then, while Redis is out.
    const end = (): void => {
      this.voidMarkers()
      this.copies.clear()
    }
    this.lease = new Lease(prefixes, policy.maxStaleMs, end, () => this.voidMarkers())
  }

  enter(key: string): Marker {
    let marker = this.markers.get(key)
    if (marker === undefined) this.markers.set(key, (marker = new Marker()))
    marker.readers += 1
    return marker
  }

  leave(key: string, marker: Marker): void {
    marker.readers -= 1
    if (marker.readers === 0 && this.markers.get(key) === marker) this.markers.delete(key)
  }

  keep(key: string, copy: Copy, bytes: number, ttlMs: number): void {
    for (const cell of copy.cells) cell.uses += 1
    this.copies.set(key, copy, bytes, ttlMs)
  }

  /** Whether there was a copy. */
  drop(key: string): boolean {
    const marker = this.markers.get(key)
    if (marker !== undefined) {
      marker.isVoid = true
      this.markers.delete(key)
    }
    return this.copies.delete(key)
  }

  dropAll(): void {
    this.counts.cleared += this.copies.size
    this.voidMarkers()
    this.copies.clear()
  }

  voidMarkers(): void {
    for (const marker of this.markers.values()) marker.isVoid = true
    this.markers.clear()
  }

  /** What was fresh when the link was lost, or its lease ended, no longer than `forMs` ago. */
  lost(key: string, now: number, forMs: number): Copy | undefined {
    const { at, lostAt, maxStaleMs } = this.lease
    const since = at === -Infinity ? lostAt : at + maxStaleMs
    if (now >= since + forMs) return undefined
    const copy = this.copies.get(key, now)
    return copy?.isProven === true ? copy : undefined
  }
}
