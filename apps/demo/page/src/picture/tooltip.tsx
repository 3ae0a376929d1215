import type { Signal } from '@preact/signals'
import type { JSX } from 'preact'
import { exactClockOf } from '../format.ts'
import { active } from './named.tsx'
import type { Stage } from './stage.ts'
import { AXIS } from './draw/axis.ts'

export interface Pointed {
  readonly x: number
  readonly y: number
}

/** Says what the table says, beside what is pointed at or focused. */
export function Tooltip({
  stage,
  at,
}: {
  readonly stage: Stage | null
  readonly at: Signal<Pointed | null>
}): JSX.Element | null {
  const scene = stage?.scene.value
  if (scene === null || scene === undefined || stage === null) return null
  const pointed = at.value === null ? undefined : stage.itemAt(at.value.x, at.value.y)
  const item = pointed ?? active.value ?? undefined
  if (item === undefined) return null
  const x = pointed === undefined || at.value === null ? item.x - scene.left : at.value.x
  const isRight = x > scene.width / 2
  return (
    <div
      class="tip"
      aria-hidden="true"
      style={{
        top: `${item.y + item.h + AXIS + 8}px`,
        left: isRight ? 'auto' : `${Math.max(4, x)}px`,
        right: isRight ? `${Math.max(4, scene.width - x)}px` : 'auto',
      }}
    >
      <time>{exactClockOf(item.at)}</time> {item.say()}
    </div>
  )
}
