import type { ReviewerMode } from '../events/page-event.ts'
import type { Measures } from './measures.ts'
import type { FireRequest } from './messages.ts'

/** One running copy of the service, as the coordinator sees it. */
export interface Instance {
  readonly name: string
  readonly client: string
  /** Null: it is part of this process. */
  readonly pid: number | null
  /** Where it takes requests, if it does. */
  readonly port: number | undefined
  /** Resolves when every start has come to something, or when the instance is gone. */
  fire(request: FireRequest): Promise<void>
  /** Ends it as a crash would. */
  kill(): void
  /** Stops it as SIGSTOP does: it keeps what it has in memory, and does nothing at all until `thaw()`. */
  freeze(): void
  thaw(): void
  /** How its reviewer works from now on. */
  setReviewer(mode: ReviewerMode): void
  /** What Holdfast measures in it. Empty: it is part of this process, is gone, or does not answer in time. */
  measure(): Promise<Measures>
  /** Settles when the instance is gone, with a reason when it was not asked to end. */
  readonly gone: Promise<string | undefined>
  /** Ends it in order; harmless when it is gone already. */
  close(): Promise<void>
}
