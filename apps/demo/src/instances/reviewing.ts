import type { Holdfast } from '@holdfast/core'
import type { ReviewerMode } from '../events/page-event.ts'
import type { GuardedWork } from '../jobs/guarded-work.ts'
import { cachedReviewer } from '../review/cached-reviewer.ts'
import { localReviewer } from '../review/local-reviewer.ts'
import { createMood, moodyReviewer } from '../review/moody-reviewer.ts'
import type { WithPermit } from '../model/paid-call.ts'
import type { Reviewer } from '../review/reviewer.ts'
import type { Store } from '../store/store.ts'
import type { InstanceSettings } from './messages.ts'

export interface ReviewingParts {
  readonly settings: InstanceSettings
  readonly store: Store
  /** Both absent: the control run, which asks no model: nothing would keep it from paying twice. */
  readonly holdfast: Holdfast | undefined
  readonly guarded: GuardedWork | undefined
}

export interface Reviewing {
  readonly reviewer: Reviewer
  readonly setMode: (mode: ReviewerMode) => void
}

/**
 * Who reviews in an instance: its analysers, and a model where there is one. The permits are for calls of the model; where there is
 * none, the analysers stand for it.
 */
export async function openReviewing({
  settings,
  store,
  holdfast,
  guarded,
}: ReviewingParts): Promise<Reviewing> {
  const mood = createMood()
  const local = localReviewer(holdfast?.cache)
  if (holdfast === undefined || guarded === undefined) {
    return { reviewer: moodyReviewer(local, mood), setMode: mood.setMode }
  }
  const cache = holdfast.cache.namespace('analysis')
  const { model, name: instance, leaseMs } = settings
  if (model === undefined) {
    return {
      reviewer: cachedReviewer(permitted(moodyReviewer(local, mood), guarded), cache),
      setMode: mood.setMode,
    }
  }
  // Only who asks a model needs the library for it.
  const { askingModel } = await import('../model/asking-model.ts')
  const withPermit: WithPermit = (signal, work) =>
    guarded.modelCall(signal, async (permit) => {
      await mood.pass(permit)
      return await work(permit)
    })
  const first = cachedReviewer(local, cache)
  const reviewer = askingModel(first, { settings: model, store, holdfast, withPermit, instance, leaseMs })
  return { reviewer, setMode: mood.setMode }
}

/** At most so many analyses run at a time, over all instances. */
function permitted(reviewer: Reviewer, guarded: GuardedWork): Reviewer {
  return {
    name: reviewer.name,
    review: (request, signal) => guarded.modelCall(signal, () => reviewer.review(request, signal)),
  }
}
