import type { Work } from '../../../src/events/page-event.ts'
import type { Draft } from './draft.ts'
import { workKey } from './model.ts'

/** What is new of a piece of work. */
interface WorkNews {
  readonly call?: string
  readonly attempt?: string
  readonly fences?: readonly number[]
}

export function touchWork(draft: Draft, { jobType, jobKey }: Work, at: number, news: WorkNews): void {
  const key = workKey({ jobType, jobKey })
  const work = draft.works.get(key) ?? {
    key,
    jobType,
    jobKey,
    calls: [],
    attempts: [],
    fences: [],
    firstAt: at,
    lastAt: at,
  }
  const { call, attempt, fences = [] } = news
  const fenceOf = (id: string): number => draft.attempts.get(id)?.fencingToken ?? 0
  draft.map('works').set(key, {
    ...work,
    firstAt: Math.min(work.firstAt, at),
    lastAt: Math.max(work.lastAt, at),
    calls: call === undefined || work.calls.includes(call) ? work.calls : [...work.calls, call],
    attempts:
      attempt === undefined || work.attempts.includes(attempt)
        ? work.attempts
        : [...work.attempts, attempt].toSorted((a, b) => fenceOf(a) - fenceOf(b)),
    fences: fences.every((fence) => work.fences.includes(fence))
      ? work.fences
      : [...new Set([...work.fences, ...fences])].toSorted((a, b) => a - b),
  })
}
