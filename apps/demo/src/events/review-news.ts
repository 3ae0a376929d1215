import type { ReviewState } from '../store/review-states.ts'
import type { HangfireJobSummary } from './hangfire-news.ts'
import type { ModelSpending } from './model-news.ts'

/** The whole of one review, whenever it has changed. */
export interface ReviewNews extends ReviewSummary {
  readonly type: 'review'
}

export interface ReviewSummary {
  readonly id: string
  /** `#142` */
  readonly number: number
  readonly title: string
  readonly state: ReviewState
  /** Of its state: a person decides about the version that the person sees. */
  readonly version: number
  /** It was rejected since its job failed, or since there was nothing to review; no person has said so. */
  readonly hasFailed: boolean
  readonly percent: number
  readonly stage: string | null
  /** Why it was rejected. */
  readonly reason: string | null
  readonly errors: number
  readonly warnings: number
  readonly infos: number
  /** 0 to 100; null until it is known. */
  readonly risk: number | null
  readonly instance: string | null
  readonly attempt: number
  readonly tookMs: number | null
  /** On a model; null, or absent: none was asked. */
  readonly spent?: ModelSpending | null
  /** Its newest job in Hangfire; absent: there is none. */
  readonly job?: HangfireJobSummary
}
