import { hostNow } from '../clock.ts'
import type { LogNews, PageNews } from '../events/page-event.ts'
import type { WorldEvent } from './world.ts'

/** Who hears of what happens in a world. */
export interface News {
  readonly emit: (event: WorldEvent) => void
  /** It happens now, and `source` says so. */
  readonly say: (source: string, news: PageNews) => void
  /** A line of the coordinator's log. */
  readonly log: (level: LogNews['level'], message: string) => void
  readonly subscribe: (listener: (event: WorldEvent) => void) => () => void
  /** A part of the world hears everything, too; it makes the tail read no rows. */
  readonly note: (listener: (event: WorldEvent) => void) => void
  readonly isHeard: () => boolean
}

export function createNews(): News {
  const listeners = new Set<(event: WorldEvent) => void>()
  const notes: ((event: WorldEvent) => void)[] = []
  const emit = (event: WorldEvent): void => {
    for (const note of notes) note(event)
    for (const listener of listeners) listener(event)
  }
  const say = (source: string, news: PageNews): void => emit({ at: hostNow(), source, ...news })
  return {
    emit,
    say,
    log: (level, message) =>
      say('coordinator', {
        type: 'log',
        instance: 'coordinator',
        level,
        message,
        executionId: null,
        jobType: null,
        jobKey: null,
      }),
    subscribe(listener) {
      // Who subscribes twice hears everything twice.
      const own = (event: WorldEvent): void => listener(event)
      listeners.add(own)
      return () => void listeners.delete(own)
    },
    note: (listener) => void notes.push(listener),
    isHeard: () => listeners.size > 0,
  }
}
