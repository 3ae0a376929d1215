import type { WorldEvent } from '../live/world.ts'

/** What an instance tells the coordinator while it works. */
export type Telling =
  | { readonly kind: 'event'; readonly event: WorldEvent }
  /** Something has changed in the line for a lock. */
  | {
      readonly kind: 'lock'
      readonly name: string
      readonly token: string
      readonly instance: string
      readonly at: number
      readonly change: string
    }

export type Tell = (telling: Telling) => void
