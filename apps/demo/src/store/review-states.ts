/** The life of a review. The page reads the same table, and shows no button that would be refused. */
export const REVIEW_STATES = [
  'Pending',
  'AIReviewing',
  'HumanReview',
  'Approved',
  'Rejected',
  'Merged',
] as const

export type ReviewState = (typeof REVIEW_STATES)[number]

/** `job`: an execution, guarded by its fence. `person`: a browser, guarded by what it saw. `server`: there is nothing to review. */
export type Actor = 'job' | 'person' | 'server'

/** Where a review stands: a job that failed has rejected it differently from a person who did. */
export type Standing = ReviewState | 'Failed'

interface Transition {
  readonly by: Actor
  readonly from: readonly Standing[]
  readonly to: ReviewState
}

/** Every change of state that there is. */
export const TRANSITIONS = {
  /** Also from an execution that is gone, and again after a failure. */
  take: { by: 'job', from: ['Pending', 'AIReviewing', 'Failed'], to: 'AIReviewing' },
  finish: { by: 'job', from: ['AIReviewing'], to: 'HumanReview' },
  fail: { by: 'job', from: ['Pending', 'AIReviewing', 'Failed'], to: 'Rejected' },
  refuse: { by: 'server', from: ['Pending'], to: 'Rejected' },
  approve: { by: 'person', from: ['HumanReview'], to: 'Approved' },
  reject: { by: 'person', from: ['HumanReview', 'Approved'], to: 'Rejected' },
  merge: { by: 'person', from: ['Approved'], to: 'Merged' },
  /** From the beginning, when the window of the last review is over. */
  again: { by: 'person', from: ['HumanReview', 'Approved', 'Rejected'], to: 'Pending' },
} as const satisfies Readonly<Record<string, Transition>>

export type Act = keyof typeof TRANSITIONS

/** What a person can do to a review. */
export type PersonAct = {
  [Name in Act]: (typeof TRANSITIONS)[Name]['by'] extends 'person' ? Name : never
}[Act]

export function standingOf({
  state,
  hasFailed,
}: {
  readonly state: ReviewState
  readonly hasFailed: boolean
}): Standing {
  return state === 'Rejected' && hasFailed ? 'Failed' : state
}

/** Whether the act is allowed from there. */
export function isAllowed(act: Act, standing: Standing): boolean {
  return (TRANSITIONS[act].from as readonly Standing[]).includes(standing)
}
