import type { ComponentChildren, JSX } from 'preact'
import { useEffect, useRef } from 'preact/hooks'
import { dialog } from '../view.ts'

export function closeDialog(): void {
  dialog.value = null
}

export interface SheetProps {
  readonly title: string
  readonly children: ComponentChildren
}

/** A dialog of the platform: the focus stays in it, Escape closes it, and the focus goes back to where it was. */
export function Sheet({ title, children }: SheetProps): JSX.Element {
  const element = useRef<HTMLDialogElement>(null)
  useEffect(() => {
    const opened = element.current
    const before = document.activeElement
    opened?.showModal()
    return () => {
      opened?.close()
      if (before instanceof HTMLElement && before.isConnected) before.focus()
    }
  }, [])
  return (
    <dialog
      ref={element}
      aria-labelledby="dialog-title"
      onClose={closeDialog}
      onClick={({ target, currentTarget }) => {
        // Its own padding belongs to its children: what hits the element itself is the ground behind it.
        if (target === currentTarget) closeDialog()
      }}
      onKeyDown={(event) => {
        // The keys of the page are not meant here.
        if (event.key !== 'Escape') event.stopPropagation()
      }}
    >
      <div class="sheet">
        <header>
          <h2 id="dialog-title">{title}</h2>
          <button type="button" class="icon" aria-label="Close" onClick={closeDialog}>
            ×
          </button>
        </header>
        {children}
      </div>
    </dialog>
  )
}
