/** `begun`: it was sent, or is about to be. `refused`: it costs nothing. `lost`: it is paid for, and its answer is not there. */
export type ModelCallState = 'begun' | 'answered' | 'refused' | 'lost'

/** What asking a model has cost; costs in millionths of a dollar. */
export interface ModelSpending {
  readonly calls: Readonly<Record<ModelCallState, number>>
  readonly inputTokens: number
  readonly outputTokens: number
  readonly cost: number
  /** Of it, for answers that were lost, as estimated. */
  readonly lostCost: number
  /** Of all that, what calls have that have begun and not ended: an estimate, which may fall again. */
  readonly begun: { readonly inputTokens: number; readonly cost: number }
}

export interface ModelCallView {
  readonly instance: string
  readonly model: string
  readonly state: ModelCallState
  readonly inputTokens: number
  readonly outputTokens: number
  readonly cost: number
  /** The model has not said how many tokens there were. */
  readonly isEstimate: boolean
  /** What went wrong; empty: nothing. */
  readonly note: string
}

export interface LeftOutView {
  readonly path: string
  readonly why: string
}

/** What a model has said of a review, beside its findings. */
export interface SecondOpinion {
  readonly model: string
  /** Why there is none, or not all of it; null: there is. */
  readonly problem: string | null
  readonly findings: number
  /** Findings about lines that the change has not added, which count for nothing. */
  readonly dropped: number
  /** What no call has read. */
  readonly leftOut: readonly LeftOutView[]
}

export interface SecondOpinionView extends SecondOpinion {
  readonly calls: readonly ModelCallView[]
  readonly spent: ModelSpending | null
}
