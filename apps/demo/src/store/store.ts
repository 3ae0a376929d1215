import { isWritable, openDatabase } from './database.ts'
import { type Effects, type EffectsOptions, createEffects } from './effects.ts'
import { createFenced } from './fenced.ts'
import { type HangfireJobs, createHangfireJobs } from './hangfire-jobs.ts'
import { type Journal, createJournal } from './journal.ts'
import { type ModelCalls, createModelCalls } from './model-calls.ts'
import { type SecondOpinions, createSecondOpinions } from './second-opinions.ts'
import { type ReviewLife, createReviewLife } from './review-life.ts'
import { type Reviews, createReviews } from './reviews.ts'
import { type Sweep, createSweep } from './sweep.ts'
import { type Witness, createWitness } from './witness.ts'

/** The demo's SQL database, as the rest of the demo sees it. */
export interface Store {
  readonly reviews: Reviews
  readonly life: ReviewLife
  readonly effects: Effects
  readonly witness: Witness
  readonly journal: Journal
  readonly modelCalls: ModelCalls
  readonly secondOpinions: SecondOpinions
  readonly hangfireJobs: HangfireJobs
  readonly sweep: Sweep
  /** No process is in the middle of a write. */
  isAtRest(): boolean
  close(): void
}

export interface StoreOptions extends EffectsOptions {
  /** How long a write waits for that of another process. The wait blocks the event loop. */
  readonly busyMs?: number
}

/** @param path a file that several processes may open, or `:memory:` */
export function openStore(path: string, { busyMs, ...options }: StoreOptions = {}): Store {
  const database = openDatabase(path, busyMs)
  const fenced = createFenced(database)
  return {
    reviews: createReviews(database),
    life: createReviewLife(database, fenced),
    effects: createEffects(database, fenced, options),
    witness: createWitness(database),
    journal: createJournal(database),
    modelCalls: createModelCalls(database),
    secondOpinions: createSecondOpinions(database),
    hangfireJobs: createHangfireJobs(database),
    sweep: createSweep(database),
    isAtRest: () => isWritable(database, busyMs),
    close: () => database.close(),
  }
}
