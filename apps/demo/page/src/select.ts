import { chosenReview, selection, type Selection } from './view.ts'

/** Shows it in the inspector, and marks it in every row. A job is about a review: that one is shown, too. */
export function select(next: Selection | null): void {
  selection.value =
    next?.kind === 'work' ? { kind: 'work', jobType: next.jobType, jobKey: next.jobKey } : next
  if (next?.kind === 'work') chosenReview.value = next.jobKey
}
