import type { WorldState } from '../../../src/events/snapshot.ts'
import type { World, WorldEvent } from '../../../src/live/world.ts'
import { REVIEW_VIEW } from './review-views.ts'
import { story } from './story.ts'

const STATE: WorldState = {
  instances: [
    { name: 'instance-1', client: 'ioredis', framework: 'fastify', state: 'up', isCut: false, pid: 4_242 },
    { name: 'instance-2', client: 'node-redis', framework: 'nest', state: 'up', isCut: false, pid: 4_102 },
    { name: 'instance-3', client: 'ioredis', framework: 'fastify', state: 'up', isCut: false, pid: 4_103 },
  ],
  redis: { state: 'up', version: '7.4.1', persistence: 'AOF', canBeStopped: true, roundTripMs: 0.4 },
  storage: 'redis',
  repository: { name: 'sample-shop', path: '/tmp/sample-shop', isSample: true },
  reviewer: 'normal',
  jobTypes: [
    'ai-review',
    'risk-assessment',
    'improvement-suggestions',
    'pull-request-summary',
    'comprehensive-analysis',
  ],
  missingActions: {},
}

/** A world that only tells a story, for looking at the page: what is shown has been made up, and nothing is judged by it. */
export interface StoryWorld extends World {
  readonly tell: (event: WorldEvent) => void
  /** What visitors asked for. */
  readonly acts: readonly { readonly name: string; readonly input: unknown }[]
}

export function openStoryWorld(events: readonly WorldEvent[] = story(Date.now())): StoryWorld {
  const listeners = new Set<(event: WorldEvent) => void>()
  const acts: { readonly name: string; readonly input: unknown }[] = []
  return {
    acts,
    tell: (event) => {
      for (const listener of listeners) listener(event)
    },
    state: () => STATE,
    subscribe(listener) {
      listeners.add(listener)
      for (const event of events) listener(event)
      return () => void listeners.delete(listener)
    },
    async act(name, input) {
      acts.push({ name, input })
      return name === 'revoke'
        ? { ok: false, message: 'Somebody else has it by now. Look again.' }
        : { ok: true, message: 'It is done.' }
    },
    record: async () => undefined,
    review: async (id) => ({ ...REVIEW_VIEW, id }),
    logs: async () => [],
    close: async () => undefined,
  }
}
