import type { StoredState } from './record.ts'

/** Who follows a key. */
export interface Observer {
  readonly tell: (view: StoredState) => void
  /** Nothing more will be told: the instance was closed, or what is stored cannot be read. */
  readonly failed: (reason: Error) => void
}
