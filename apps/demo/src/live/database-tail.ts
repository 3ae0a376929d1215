import type { Verdict } from '../events/page-event.ts'
import type { Store } from '../store/store.ts'
import type { News } from './news.ts'

const LOOK_MS = 100

export interface DatabaseTail {
  /** The control run has counted. */
  addControl(tooMany: number): void
  verdict(): Verdict
  close(): void
}

export interface TailOptions {
  /** So long a completed job must not end again. */
  readonly windowMs: number
  /** There are new rows, or reviews that have changed. */
  readonly onRows: () => void
}

/**
 * Tells what the tables of SQLite say, ten times a second while a page hears it: the rows that the jobs inserted, the effects
 * that were saved and refused, and what they come to.
 */
export function followDatabase(
  { journal }: Store,
  news: News,
  { windowMs, onRows }: TailOptions,
): DatabaseTail {
  let controlTooMany = 0
  const asked = new Set<string>()
  /** By their rows. */
  const ended = new Set<string>()
  news.note((event) => {
    if (event.type !== 'call.asked' || event.parentExecutionId !== null) return
    asked.add(`${event.jobType}:${event.jobKey}`)
  })
  const verdict = (): Verdict => {
    const results = [...ended].filter((work) => asked.has(work)).length
    return { ended: results, parts: ended.size - results, ...journal.count(windowMs), controlTooMany }
  }
  let said = ''
  const sayVerdict = (): void => {
    const now = verdict()
    if (said === (said = JSON.stringify(now))) return
    news.say('database', { type: 'verdict', ...now })
  }

  const look = (): void => {
    const page = news.isHeard() ? journal.next() : undefined
    if (page === undefined) return
    const source = 'database'
    for (const { at, client: _, jobType, ...row } of page.runs) {
      if (row.event === 'end') ended.add(`${jobType}:${row.jobKey}`)
      news.emit({ ...row, type: 'row', at, source, jobType: jobType as never })
    }
    for (const { fence: fencingToken, ...row } of page.saved) {
      news.emit({ ...row, type: 'effect.saved', source, fencingToken })
    }
    for (const { fence: fencingToken, newest: newestToken, ...row } of page.refused) {
      news.emit({ ...row, type: 'effect.refused', source, fencingToken, newestToken })
    }
    for (const { fence: fencingToken, ...row } of page.cleanUps) {
      news.emit({ ...row, type: 'clean-up', source, fencingToken })
    }
    if (page.runs.length + page.saved.length + page.refused.length + page.moves === 0) return
    sayVerdict()
    onRows()
  }
  const timer = setInterval(() => {
    try {
      look()
    } catch (error) {
      news.log('error', `The database was not read: ${String(error)}`)
    }
  }, LOOK_MS)
  return {
    addControl(tooMany) {
      controlTooMany += tooMany
      sayVerdict()
    },
    verdict,
    close: () => clearInterval(timer),
  }
}
