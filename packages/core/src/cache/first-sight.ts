import type { Found } from './lookup.ts'
import type { Read } from './read.ts'

/** What a call of many keys has seen of one of them before this call of that key begins. */
export interface FirstSight {
  /** Of the call of many, which has one place in the order of all calls and loads, before it looked. */
  readonly order: number
  /** When it began to look; undefined: look again. */
  readonly lookedAt: number | undefined
  readonly read?: Read
  /** In place of `read`, where it takes a second round trip. */
  readonly finding?: Promise<readonly Found[]>
  /** In place of `read`: why it could not look, or could not reserve. */
  readonly outage?: { readonly error: unknown } | undefined
  /** Whether it has been counted and published. */
  readonly isCounted: boolean
}

/** For a call that is part of one of many keys. */
export interface PartOfMany {
  readonly first: FirstSight | undefined
  /** Called when this call has its value, shares a load, waits for one, or fails; its own load decides it otherwise. */
  readonly onDecided: () => void
}
