import type { PageEvent, PageNews } from '../../src/events/page-event.ts'
import type { Snapshot, WorldState } from '../../src/events/snapshot.ts'

/** Makes events with rising places in the stream. */
export function eventMaker(): (at: number, source: string, news: PageNews) => PageEvent {
  let seq = 0
  return (at, source, news) => {
    seq += 1
    return { ...news, at, source, seq }
  }
}

export const WORLD: WorldState = {
  instances: ['instance-1', 'instance-2', 'instance-3'].map((name, index) => ({
    name,
    client: index === 1 ? 'node-redis' : 'ioredis',
    framework: index === 1 ? 'nest' : 'fastify',
    state: 'up',
    isCut: false,
    pid: 4_000 + index,
  })),
  redis: { state: 'up', version: '7.4.1', persistence: 'AOF', canBeStopped: true, roundTripMs: 0.4 },
  storage: 'redis',
  repository: { name: 'sample-shop', path: '/repositories/sample-shop', isSample: true },
  reviewer: 'slow',
  jobTypes: [
    'ai-review',
    'risk-assessment',
    'improvement-suggestions',
    'pull-request-summary',
    'comprehensive-analysis',
  ],
  missingActions: {},
}

export function snapshotOf(events: readonly PageEvent[], now = 1_000_000, run = 'run'): Snapshot {
  return { run, seq: events.at(-1)?.seq ?? 0, now, world: WORLD, events }
}
