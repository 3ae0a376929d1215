import type { ComponentChildren, JSX } from 'preact'
import { select } from '../select.ts'

/** It is named by what is selected. */
export function Frame({
  title,
  children,
}: {
  readonly title: string
  readonly children: ComponentChildren
}): JSX.Element {
  return (
    <aside class="panel inspector" role="region" aria-labelledby="inspector-title">
      <header>
        <h2 id="inspector-title">{title}</h2>
        <button type="button" class="icon little at-end" aria-label="Close" onClick={() => select(null)}>
          ×
        </button>
      </header>
      {children}
    </aside>
  )
}
