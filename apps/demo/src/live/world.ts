import type { Measures } from '../instances/measures.ts'
import type { ModelSpending } from '../events/model-news.ts'
import type { Forge } from './forge.ts'
import type { PageNews } from '../events/page-event.ts'
import type {
  ActionAnswer,
  ActionName,
  Actions,
  HeldQuery,
  HeldView,
  RecordView,
  ReviewView,
  WorldState,
} from '../events/snapshot.ts'

/** An event as its source makes it; the server gives it its place in the stream. */
export type WorldEvent = { readonly at: number; readonly source: string } & PageNews

/** The instances at work, and everything that a visitor can do to them. The HTTP server and the tour know no more of it. */
export interface World {
  readonly state: () => WorldState
  /** Every event from now on, until the returned function is called. */
  readonly subscribe: (listener: (event: WorldEvent) => void) => () => void
  /** Resolves when it is done, and says what was done or why not; it does not reject. */
  readonly act: <Name extends Exclude<ActionName, 'tour'>>(
    name: Name,
    input: Actions[Name],
  ) => Promise<ActionAnswer>
  /** Undefined: no forge may ask for anything. */
  readonly forge?: Forge | undefined
  /** Undefined: there is nothing of that name. */
  readonly record: (jobType: string, jobKey: string) => Promise<RecordView | undefined>
  /** Empty: there is nothing of that name. */
  readonly held: (query: HeldQuery) => Promise<readonly HeldView[]>
  readonly review: (id: string) => Promise<ReviewView | undefined>
  /** What Holdfast measures in each instance that is a process, and answers. */
  readonly measure: () => Promise<readonly Measures[]>
  /** On a model, by all reviews together; null: none was asked. */
  readonly spent: () => ModelSpending | null
  readonly logs: (executionId: string) => Promise<readonly WorldEvent[]>
  /** Ends every process that was started for it. */
  readonly close: () => Promise<void>
}
