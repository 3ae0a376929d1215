import { selection, type Selection } from './view.ts'

/** Shows it in the inspector, and marks it in every row. */
export function select(next: Selection | null): void {
  selection.value =
    next?.kind === 'work' ? { kind: 'work', jobType: next.jobType, jobKey: next.jobKey } : next
}
