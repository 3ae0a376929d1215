import type { JSX } from 'preact'
import type { HangfireJobSummary } from '../../../src/events/hangfire-news.ts'
import type { ReviewView } from '../../../src/events/snapshot.ts'
import { clockOf } from '../format.ts'
import { part } from '../model/store.ts'

/** What Hangfire has of a review: its newest job, and the states of all. */
export function Jobs(props: {
  readonly job: HangfireJobSummary
  readonly jobs: NonNullable<ReviewView['jobs']>
}): JSX.Element {
  const { job, jobs } = props
  return (
    <details class="life">
      <summary>
        Hangfire: <b>{job.state ?? 'not known'}</b>, created by{' '}
        {job.creator === 'page' ? 'this page' : 'Hangfire'}
      </summary>
      <ol>
        {jobs.map(({ jobId, history }) => (
          <li key={jobId}>
            Job <JobId jobId={jobId} />
            <ul>
              {history.map(({ state, at, reason }, index) => (
                <li key={index}>
                  <time class="mono">{clockOf(at)}</time> <b>{state}</b>
                  {reason !== null && `: ${reason}`}
                </li>
              ))}
            </ul>
          </li>
        ))}
      </ol>
    </details>
  )
}

/** Leads to Hangfire's dashboard, where the settings name its address. */
function JobId({ jobId }: { readonly jobId: string }): JSX.Element {
  const dashboard = part('world').value.hangfire?.dashboard ?? null
  const id = <span class="mono">{jobId}</span>
  if (dashboard === null) return id
  return (
    <a href={`${dashboard}/jobs/details/${encodeURIComponent(jobId)}`} target="_blank" rel="noreferrer">
      {id}
    </a>
  )
}

/** Reviews wait while Hangfire does not answer. */
export function HangfireLost(): JSX.Element | null {
  const { hangfire } = part('world').value
  if (hangfire?.state !== 'unreachable') return null
  return (
    <p class="answer bad" role="status">
      Hangfire, at {hangfire.address}, does not answer. What is at work goes on, and what waits there waits. A
      new review cannot be asked for until it answers.
    </p>
  )
}
