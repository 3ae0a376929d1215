import { computed, type ReadonlySignal, signal } from '@preact/signals'
import type { PageEvent } from '../../../src/events/page-event.ts'
import type { Snapshot } from '../../../src/events/snapshot.ts'
import { foldAll, modelOf } from './fold.ts'
import { EMPTY, type Model } from './model.ts'
import { connection } from '../view.ts'

const current = signal<Model>(EMPTY)
const hostOffset = signal(0)

/** Parts that are words and numbers change so often at most: no visitor reads faster, and the picture has the time instead. */
const CALM_MS = 500
/** However much of them changes at a time: at most this share of the time goes into their scripts. */
const CALM_SHARE = 1 / 100

const calm = signal<Model>(EMPTY)
/** For the regions below the picture, half a turn later: what changes in one frame is half as much. */
const lower = signal<Model>(EMPTY)
let calmAt = 0
let pause = CALM_MS
let timer: ReturnType<typeof setTimeout> | undefined

/** What the page knows, at this moment: for what is drawn in every frame. */
export const liveModel: ReadonlySignal<Model> = current

/**
 * What the page knows, half a second late at most. A component that needs one part of it reads `part('locks')`, and draws again
 * only when that changed.
 */
export const model: ReadonlySignal<Model> = calm

/** Components draw in the microtasks that follow: after those it is known what it took. */
const settleLower = (upperMs: number): void => {
  const began = performance.now()
  lower.value = calm.value
  queueMicrotask(() => {
    pause = Math.max(CALM_MS, (upperMs + performance.now() - began) / CALM_SHARE)
  })
}

function take(next: Model): void {
  current.value = next
  if (timer !== undefined) return
  const settle = (): void => {
    timer = undefined
    calmAt = performance.now()
    calm.value = current.value
    if (lower.value.run !== calm.value.run) settleLower(0)
    else
      queueMicrotask(() => {
        const upperMs = performance.now() - calmAt
        setTimeout(() => settleLower(upperMs), pause / 2)
      })
  }
  const wait = calmAt + pause - performance.now()
  if (wait <= 0) settle()
  else timer = setTimeout(settle, wait)
}

type PartOf = <Name extends keyof Model>(name: Name) => ReadonlySignal<Model[Name]>

function partsOf(whole: ReadonlySignal<Model>): PartOf {
  const parts = new Map<keyof Model, ReadonlySignal<unknown>>()
  return <Name extends keyof Model>(name: Name) => {
    const known = parts.get(name)
    if (known !== undefined) return known as ReadonlySignal<Model[Name]>
    const made = computed(() => whole.value[name])
    parts.set(name, made)
    return made
  }
}

export const part: PartOf = partsOf(calm)

/** The same, of the regions below the picture. */
export const lowerPart: PartOf = partsOf(lower)

/** Whether the server has sent its first snapshot. */
export const isLoaded: ReadonlySignal<boolean> = computed(() => calm.value.run !== '')

/**
 * Now, by the clock of the host that the instances run on. While the server does not answer nothing is known of later: now
 * stands at its last word.
 */
export function hostNow(): number {
  const link = connection.peek()
  return (link.state === 'lost' ? link.since : Date.now()) + hostOffset.value
}

export function takeSnapshot(snapshot: Snapshot): void {
  hostOffset.value = snapshot.now - Date.now()
  take(modelOf(snapshot, current.value))
}

export function takeEvents(events: readonly PageEvent[]): void {
  take(foldAll(current.value, events))
}
