import type { WorldEvent } from '../../../src/live/world.ts'
import { workOfCrowd } from '../browser/crowd.ts'

/** Besides its five events, a piece of work has three rows and two lines of the log. */
export const EVENTS_PER_WORK = 10

const MINUTE_MS = 60_000

/** What a busy world tells, on and on: work, what the database says of it, logs, the cache, a lock, and now and then a fault. */
export interface BusyWorld {
  /** All that has happened since the last time that it was asked. */
  readonly until: (now: number) => readonly WorldEvent[]
  /** Of the starts that have been told. */
  readonly starts: () => number
}

export function busyWorld(eventsPerSecond: number, begin: number): BusyWorld {
  const apartMs = (1_000 * EVENTS_PER_WORK) / eventsPerSecond
  let works = 0
  let seconds = 0
  let waiting: WorldEvent[] = []
  return {
    starts: () => works,
    until(now) {
      for (; begin + works * apartMs <= now; works += 1)
        waiting.push(...toldOf(works, begin + works * apartMs))
      for (; begin + seconds * 1_000 <= now; seconds += 1) waiting.push(...secondOf(begin + seconds * 1_000))
      const told = waiting.filter(({ at }) => at <= now).toSorted((a, b) => a.at - b.at)
      waiting = waiting.filter(({ at }) => at > now)
      return told
    },
  }
}

function toldOf(index: number, at: number): readonly WorldEvent[] {
  const events = workOfCrowd(index, at)
  const started = events.find((event) => event.type === 'attempt.started')
  const end = events.at(-1)
  if (started?.type !== 'attempt.started' || end === undefined) return events
  const { jobType, jobKey, executionId, fencingToken, source: instance } = started
  const work = { jobType, jobKey } as const
  const row = {
    at: end.at,
    source: 'database',
    ...work,
    executionId,
    attempt: 1,
    instance,
    detail: '',
  } as const
  const line = { source: instance, type: 'log', instance, level: 'info', ...work, executionId } as const
  return [
    ...events,
    { ...row, at: started.at, type: 'row', event: 'begin' },
    { ...row, type: 'row', event: 'end' },
    {
      at: end.at,
      source: 'database',
      type: 'effect.saved',
      ...work,
      effect: 'charge',
      instance,
      fencingToken,
    },
    { ...line, at: started.at, message: 'started' },
    { ...line, at: end.at, message: `ended after ${Math.round(end.at - started.at)} ms` },
  ]
}

/** Beside the work, once a second. */
function secondOf(at: number): readonly WorldEvent[] {
  const minute = Math.floor(at / MINUTE_MS)
  const second = Math.floor((at % MINUTE_MS) / 1_000)
  const instance = `instance-${(minute % 3) + 1}`
  const faults: readonly WorldEvent[] =
    second === 20
      ? [{ at, source: 'coordinator', type: 'instance.frozen', instance }]
      : second === 24
        ? [{ at, source: 'coordinator', type: 'instance.thawed', instance }]
        : second === 40
          ? [{ at, source: 'coordinator', type: 'redis.stopped' }]
          : second === 42
            ? [{ at, source: 'coordinator', type: 'redis.started' }]
            : []
  return [
    ...faults,
    { at, source: 'coordinator', type: 'redis.answered', roundTripMs: 0.3 + (second % 5) / 10 },
    {
      at,
      source: instance,
      type: 'cache.sample',
      instance,
      namespace: 'analyses',
      fromMemory: 40 + second,
      fromRedis: 12,
      shared: 3,
      loaded: 5,
      refusedFills: 0,
      bypassed: 0,
    },
    {
      at,
      source: instance,
      type: 'lock',
      name: 'checkout of sample-shop',
      permits: 1,
      holders: [],
      waiting: [],
      last: { instance, at: at - 300 },
    },
  ]
}
