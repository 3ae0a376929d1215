import type { Work } from '../../../src/events/page-event.ts'
import type { Model } from './model.ts'

const SHORT_NAMES: Readonly<Record<Work['jobType'], string>> = {
  'ai-review': 'review',
  'risk-assessment': 'risk',
  'improvement-suggestions': 'suggestions',
  'pull-request-summary': 'summary',
  'comprehensive-analysis': 'full report',
}

/** `review #142`: what people call a piece of work. */
export function nameOf(model: Pick<Model, 'reviews'>, { jobType, jobKey }: Work): string {
  const review = model.reviews.get(jobKey)
  return `${SHORT_NAMES[jobType]} ${review === undefined ? jobKey : `#${review.number}`}`
}

/** `review`: the first word of it, for where there is little room. */
export function shortNameOf({ jobType }: Work): string {
  return SHORT_NAMES[jobType]
}
