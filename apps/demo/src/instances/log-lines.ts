import type { LogNews } from '../events/page-event.ts'
import type { JobType } from '../jobs/job.ts'

const LEVELS: readonly (readonly [number, LogNews['level']])[] = [
  [50, 'error'],
  [40, 'warn'],
  [30, 'info'],
]

interface Line {
  readonly time: number
  readonly level: number
  readonly msg?: string
  readonly executionId?: string
  readonly jobType?: JobType
  readonly jobKey?: string
  readonly err?: { readonly message: string }
  readonly result?: { readonly summary: string }
}

/** A line that pino has written, as the page shows it, and when it was written. */
export function readLogLine(instance: string, text: string): { readonly at: number; readonly news: LogNews } {
  const line = JSON.parse(text) as Line
  const { time, level, msg = '', executionId = null, jobType = null, jobKey = null } = line
  const name = LEVELS.find(([least]) => level >= least)?.[1] ?? 'debug'
  const more = line.err?.message ?? line.result?.summary
  const message = more === undefined ? msg : `${msg}: ${more}`
  return { at: time, news: { type: 'log', instance, level: name, message, executionId, jobType, jobKey } }
}
