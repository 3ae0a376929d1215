import type { News } from './news.ts'
import type { WorldEvent } from './world.ts'

/** So many executions are remembered; the logs themselves are in the folder of the run. */
const MOST_EXECUTIONS = 500

/** The log lines of the last executions. */
export interface LogBook {
  of(executionId: string): readonly WorldEvent[]
}

export function createLogBook(news: News): LogBook {
  const lines = new Map<string, WorldEvent[]>()
  news.note((event) => {
    if (event.type !== 'log' || event.executionId === null) return
    const own = lines.get(event.executionId)
    if (own !== undefined) return void own.push(event)
    lines.set(event.executionId, [event])
    const [oldest] = lines.keys()
    if (lines.size > MOST_EXECUTIONS && oldest !== undefined) lines.delete(oldest)
  })
  return { of: (executionId) => lines.get(executionId) ?? [] }
}
