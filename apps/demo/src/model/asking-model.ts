import type { Holdfast } from '@holdfast/core'
import type { Reviewer } from '../review/reviewer.ts'
import type { Store } from '../store/store.ts'
import { modelOver } from './ask-model.ts'
import { askOnce } from './ask-once.ts'
import type { ModelSettings } from './model-settings.ts'
import type { WithPermit } from './paid-call.ts'
import { withSecondReviewer } from './second-reviewer.ts'

export interface AskingParts {
  readonly settings: ModelSettings
  readonly store: Pick<Store, 'modelCalls' | 'secondOpinions'>
  readonly holdfast: Holdfast
  readonly withPermit: WithPermit
  readonly instance: string
  readonly leaseMs: number
}

/** Lets a model look at what the first reviewer has looked at: once for each question, with a permit, and by the book. */
export function askingModel(first: Reviewer, parts: AskingParts): Reviewer {
  const { settings, store, holdfast, withPermit, instance, leaseMs } = parts
  store.modelCalls.abandon(instance)
  const answerTo = askOnce({
    settings,
    book: store.modelCalls,
    ask: modelOver(settings),
    withPermit,
    idempotency: holdfast.idempotency,
    cache: holdfast.cache.namespace('model'),
    instance,
    leaseMs,
  })
  return withSecondReviewer(first, settings, answerTo, ({ asker }, opinion) => {
    if (asker !== undefined) store.secondOpinions.save(asker.reviewId, asker.fencingToken ?? 0, opinion)
  })
}
