import { type Signal, useSignal } from '@preact/signals'
import { select } from '../select.ts'
import { hostNow } from '../model/store.ts'
import { until } from '../view.ts'
import { active } from './named.tsx'
import type { Stage } from './stage.ts'
import type { Pointed } from './tooltip.tsx'
import { pan, zoom } from './moves.ts'

/** A pointer that moved less than this has clicked. */
const CLICK_PX = 4

interface Handlers {
  readonly onPointerMove: (event: PointerEvent) => void
  readonly onPointerLeave: () => void
  readonly onPointerDown: (event: PointerEvent) => void
  readonly onPointerUp: (event: PointerEvent) => void
  readonly onPointerCancel: () => void
  readonly onWheel: (event: WheelEvent) => void
}

/** Points, drags, and zooms. */
export function usePointer(stage: Stage | null): {
  readonly at: Signal<Pointed | null>
  readonly handlers: Handlers
} {
  const at = useSignal<Pointed | null>(null)
  const grip = useSignal<{ readonly x: number; readonly until: number } | null>(null)
  const placeOf = (event: PointerEvent | WheelEvent): Pointed => {
    const box = (event.currentTarget as HTMLElement).getBoundingClientRect()
    return { x: event.clientX - box.left, y: event.clientY - box.top }
  }
  return {
    at,
    handlers: {
      onPointerMove: (event) => {
        const place = placeOf(event)
        at.value = place
        const held = grip.value
        const scale = stage?.scene.value?.scale
        if (held === null || scale === undefined || Math.abs(place.x - held.x) < CLICK_PX) return
        ;(event.currentTarget as HTMLElement).setPointerCapture(event.pointerId)
        until.value = Math.min(hostNow(), scale.timeOf(scale.xOf(held.until) - (place.x - held.x)))
      },
      onPointerLeave: () => {
        at.value = null
      },
      onPointerDown: (event) => {
        if (event.button !== 0) return
        grip.value = { x: placeOf(event).x, until: until.value ?? hostNow() }
      },
      onPointerUp: (event) => {
        const place = placeOf(event)
        const held = grip.value
        grip.value = null
        if (held === null || Math.abs(place.x - held.x) >= CLICK_PX) return
        const item = stage?.itemAt(place.x, place.y)
        active.value = item ?? null
        if (item?.work != null) select({ kind: 'work', ...item.work })
      },
      onPointerCancel: () => {
        grip.value = null
      },
      onWheel: (event) => {
        if (event.ctrlKey || event.metaKey) {
          event.preventDefault()
          zoom(event.deltaY > 0 ? 1.25 : 0.8)
        } else if (Math.abs(event.deltaX) > Math.abs(event.deltaY)) {
          event.preventDefault()
          pan(event.deltaX / 600)
        }
      },
    },
  }
}
