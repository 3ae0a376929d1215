import type { Store } from '../store/store.ts'
import type { DatabaseTail } from './database-tail.ts'
import type { Ground } from './ground.ts'
import type { HangfireDesk } from './hangfire-desk.ts'
import type { LockDesk } from './lock-desk.ts'
import type { Member } from './member.ts'
import type { News } from './news.ts'
import type { ReviewDesk } from './review-desk.ts'
import type { Source } from './source.ts'
import type { Watching } from './watching.ts'

/** What acts work with. */
export interface Scene {
  readonly members: readonly Member[]
  readonly ground: Ground
  readonly news: News
  readonly store: Store
  readonly source: Source
  readonly reviews: ReviewDesk
  readonly watching: Watching
  readonly lockDesk: LockDesk
  readonly tail: DatabaseTail
  /** Undefined: reviews are started directly. */
  readonly hangfire: HangfireDesk | undefined
  readonly folder: string
  /** So long a completed job answers every start with its result. */
  readonly windowMs: number
}

/** An act is refused: its message says why, and what to do. */
export class NothingDone extends Error {}

export function refuse(message: string): never {
  throw new NothingDone(message)
}
