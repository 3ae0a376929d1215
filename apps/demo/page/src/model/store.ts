import { computed, type ReadonlySignal, signal } from '@preact/signals'
import type { PageEvent } from '../../../src/events/page-event.ts'
import type { Snapshot } from '../../../src/events/snapshot.ts'
import { foldAll, modelOf } from './fold.ts'
import { EMPTY, type Model } from './model.ts'

const current = signal<Model>(EMPTY)
const hostOffset = signal(0)

/** What the page knows. A component that needs one part of it reads `part('locks')`, and draws again only when that changed. */
export const model: ReadonlySignal<Model> = current

const parts = new Map<keyof Model, ReadonlySignal<unknown>>()

export function part<Name extends keyof Model>(name: Name): ReadonlySignal<Model[Name]> {
  const known = parts.get(name)
  if (known !== undefined) return known as ReadonlySignal<Model[Name]>
  const made = computed(() => current.value[name])
  parts.set(name, made)
  return made
}

/** Whether the server has sent its first snapshot. */
export const isLoaded: ReadonlySignal<boolean> = computed(() => current.value.run !== '')

/** Now, by the clock of the host that the instances run on. */
export function hostNow(): number {
  return Date.now() + hostOffset.value
}

export function takeSnapshot(snapshot: Snapshot): void {
  hostOffset.value = snapshot.now - Date.now()
  current.value = modelOf(snapshot, current.value)
}

export function takeEvents(events: readonly PageEvent[]): void {
  current.value = foldAll(current.value, events)
}

/** No event tells of it: who has set it knows. */
export function noteReviewer(reviewer: Model['world']['reviewer']): void {
  current.value = { ...current.value, world: { ...current.value.world, reviewer } }
}
