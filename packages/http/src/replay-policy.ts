import { checkSynchronous, refuse } from '@holdfast/core/storage'

/**
 * What becomes of the key after an answer: `store` replays the answer, `fail` lets the handler run again as the next
 * attempt, `release` as if the request had never come.
 */
export type Verdict = 'store' | 'fail' | 'release'

/** What decides whether an answer is a failure. */
export interface JudgedResponse {
  readonly status: number
  /** Whether the answer was made of something that the handler threw. */
  readonly threw: boolean
}

/**
 * - `standard`: 2xx, 3xx and 4xx are stored, except 401, 403, 408, 409, 425 and 429, which speak of the moment or of
 *   the caller and are released; 5xx fail.
 * - `stripe-v1`: everything that the handler answers is stored, 5xx included.
 * - `success-only`: 2xx are stored, 5xx fail, all else is released.
 */
export type ReplayPolicy = 'standard' | 'stripe-v1' | 'success-only' | ((response: JudgedResponse) => Verdict)

const OF_THE_MOMENT: ReadonlySet<number> = new Set([401, 403, 408, 409, 425, 429])

const PRESETS: Readonly<Record<Extract<ReplayPolicy, string>, (response: JudgedResponse) => Verdict>> = {
  standard: ({ status }) => (status >= 500 ? 'fail' : OF_THE_MOMENT.has(status) ? 'release' : 'store'),
  'stripe-v1': () => 'store',
  'success-only': ({ status }) =>
    status >= 500 ? 'fail' : status >= 200 && status < 300 ? 'store' : 'release',
}

/** @throws InvalidArgumentError for an unknown name */
export function checkReplay(name: string, policy: ReplayPolicy): ReplayPolicy {
  if (typeof policy === 'function') return checkSynchronous(name, policy)
  return Object.hasOwn(PRESETS, policy)
    ? policy
    : refuse(name, policy, `one of ${Object.keys(PRESETS).join(', ')} or a function`)
}

/** The policy as a function that cannot throw. */
export function judge(policy: ReplayPolicy): (response: JudgedResponse) => Verdict {
  const rule = typeof policy === 'function' ? policy : PRESETS[policy]
  return (response) => {
    try {
      const verdict: unknown = rule(response)
      if (verdict === 'store' || verdict === 'fail' || verdict === 'release') return verdict
      // The promise of a verdict is none; without a handler, its rejection would end the process.
      if (verdict instanceof Promise) verdict.catch(() => undefined)
    } catch {
      // The handler's work is done and its answer is on the way: a faulty rule must not make it run twice.
    }
    return 'store'
  }
}
