import type { ReviewSummary } from '../../../src/events/review-news.ts'
import type { FindingView } from '../../../src/events/snapshot.ts'
import { ordinal, plural } from '../format.ts'

export type Severity = FindingView['severity']

/** What a person calls a severity; an `info` is a remark. */
export const SEVERITY_WORDS: Readonly<Record<Severity, string>> = {
  error: 'Error',
  warning: 'Warning',
  info: 'Remark',
}

/** What kind of fault it is, in a word that stands alone. */
export const CATEGORY_WORDS: Readonly<Record<FindingView['category'], string>> = {
  bug: 'Bug',
  security: 'Security',
  performance: 'Performance',
  quality: 'Quality',
  style: 'Style',
}

export interface SeverityCount {
  readonly severity: Severity
  readonly count: number
  /** `2 warnings` */
  readonly words: string
}

/** The worst first; what there is none of is left out. */
export function severitiesOf(
  found: Readonly<Record<'errors' | 'warnings' | 'infos', number>>,
): readonly SeverityCount[] {
  const all: readonly SeverityCount[] = [
    { severity: 'error', count: found.errors, words: plural(found.errors, 'error') },
    { severity: 'warning', count: found.warnings, words: plural(found.warnings, 'warning') },
    { severity: 'info', count: found.infos, words: plural(found.infos, 'remark') },
  ]
  return all.filter(({ count }) => count > 0)
}

/** Whether a job has come to its end with it; what was found counts then. */
export function isReviewed({ state, hasFailed }: Pick<ReviewSummary, 'state' | 'hasFailed'>): boolean {
  return !hasFailed && state !== 'Pending' && state !== 'AIReviewing'
}

/** `2nd attempt`; the first needs no word. */
export function attemptWords(attempt: number): string | undefined {
  if (attempt < 2) return undefined
  return `${ordinal(attempt)} attempt`
}

export interface RiskWords {
  readonly level: 'low' | 'medium' | 'high'
  readonly words: string
}

/** The levels of the job that assesses it. */
export function riskOf(score: number): RiskWords {
  const level = score >= 60 ? 'high' : score >= 30 ? 'medium' : 'low'
  return { level, words: `${level} risk` }
}

/** `a1f09c2…77be310` */
export function rangeOf(base: string, head: string): string {
  const short = (commit: string): string => (/^[0-9a-f]{40}$/.test(commit) ? commit.slice(0, 7) : commit)
  return `${short(base)}…${short(head)}`
}
