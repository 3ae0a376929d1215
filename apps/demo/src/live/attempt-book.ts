import type { AttemptNews } from '../events/page-event.ts'
import type { RecordView } from '../events/snapshot.ts'
import type { News } from './news.ts'

type Started = Extract<AttemptNews, { readonly type: 'attempt.started' }>
type Ended = Extract<AttemptNews, { readonly type: 'attempt.ended' }>

const MOST_WORKS = 500

/** The attempts of the last pieces of work: Redis keeps only the newest of each. */
export interface AttemptBook {
  of(jobType: string, jobKey: string): RecordView['attempts']
}

export function createAttemptBook(news: News): AttemptBook {
  const works = new Map<
    string,
    Map<string, { readonly started: Started; readonly source: string; ended?: Ended }>
  >()
  const byExecution = new Map<string, string>()
  const nameOf = (jobType: string, jobKey: string): string => `${jobType} ${jobKey}`
  news.note((event) => {
    if (event.type === 'attempt.started') {
      const name = nameOf(event.jobType, event.jobKey)
      const attempts = works.get(name) ?? new Map()
      attempts.set(event.executionId, { started: event, source: event.source })
      works.set(name, attempts)
      byExecution.set(event.executionId, name)
      if (works.size > MOST_WORKS) forgetOldest(works, byExecution)
    } else if (event.type === 'attempt.ended') {
      const attempt = works.get(byExecution.get(event.executionId) ?? '')?.get(event.executionId)
      if (attempt !== undefined) attempt.ended = event
    }
  })
  return {
    of: (jobType, jobKey) =>
      [...(works.get(nameOf(jobType, jobKey))?.values() ?? [])]
        .map(({ started, source, ended }) => ({
          executionId: started.executionId,
          attempt: started.attempt,
          fencingToken: started.fencingToken,
          instance: source,
          ended: ended?.outcome ?? 'not heard of its end',
        }))
        .toSorted((one, other) => one.fencingToken - other.fencingToken),
  }
}

function forgetOldest(
  works: Map<string, ReadonlyMap<string, unknown>>,
  byExecution: Map<string, string>,
): void {
  const [oldest] = works.keys()
  if (oldest === undefined) return
  for (const executionId of works.get(oldest)?.keys() ?? []) byExecution.delete(executionId)
  works.delete(oldest)
}
