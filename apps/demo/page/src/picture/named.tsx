import { signal } from '@preact/signals'
import type { JSX, RefObject } from 'preact'
import type { Item } from './shapes.ts'
import type { Stage } from './stage.ts'

/** The item that the keyboard stands on. */
export const active = signal<Item | null>(null)

function elementId(item: Item): string {
  return `item-${item.id}`
}

/** The picture that is open, for keys that are pressed elsewhere on the page. */
export const openedStage = signal<Stage | null>(null)

/** One tab stop over the canvas; what it stands on has a name. */
export function Named({
  stage,
  layer,
  top,
}: {
  readonly stage: Stage | null
  readonly layer: RefObject<HTMLDivElement | null>
  readonly top: number
}): JSX.Element {
  const items = stage?.items.value ?? []
  const current = active.value
  const isThere = current !== null && items.some(({ id }) => id === current.id)
  const shown = current === null || isThere ? items : [...items, current]
  return (
    <div
      class="named"
      role="application"
      aria-label="Instances by time. Arrow keys go from one thing to the next, Enter shows it. Show as table has the same as text."
      aria-activedescendant={current === null ? undefined : elementId(current)}
      tabIndex={0}
    >
      <div class="layer" ref={layer}>
        {shown.map((item) => (
          <div
            key={item.id}
            id={elementId(item)}
            role="img"
            aria-label={item.say()}
            class={item.id === current?.id ? 'item is-active' : 'item'}
            style={{
              left: `${item.x}px`,
              top: `${item.y + top}px`,
              width: `${item.w}px`,
              height: `${item.h}px`,
            }}
          />
        ))}
      </div>
    </div>
  )
}
