import type { World, WorldEvent } from '../../../src/live/world.ts'
import { WORLD } from '../event-maker.ts'
import { heldOf, RECORD, REVIEW } from './answers.ts'
import { STORY_SECONDS, story } from './story.ts'

/** A world that only tells a story, to look at the page: what is shown was made up, and nothing is judged by it. */
export interface StoryWorld extends World {
  readonly tell: (event: WorldEvent) => void
  /** What visitors asked for. */
  readonly acts: readonly { readonly name: string; readonly input: unknown }[]
}

/** Its story ends now. */
export function openStoryWorld(
  events: readonly WorldEvent[] = story(Date.now() - STORY_SECONDS * 1_000),
): StoryWorld {
  const listeners = new Set<(event: WorldEvent) => void>()
  const acts: { readonly name: string; readonly input: unknown }[] = []
  return {
    acts,
    tell: (event) => {
      for (const listener of listeners) listener(event)
    },
    state: () => WORLD,
    subscribe(listener) {
      listeners.add(listener)
      for (const event of events) listener(event)
      return () => void listeners.delete(listener)
    },
    async act(name, input) {
      acts.push({ name, input })
      return name === 'revoke'
        ? { ok: false, message: 'Another instance has it by now. Look again.' }
        : { ok: true, message: 'It is done.' }
    },
    record: async () => RECORD,
    held: async (query) => heldOf(query),
    review: async (id) => ({ ...REVIEW, id }),
    measure: async () => [],
    spent: () => null,
    logs: async () => [],
    close: async () => undefined,
  }
}
