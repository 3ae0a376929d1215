import type { JSX } from 'preact'

/** All of them; the signal `dialog` says which one is open. */
export function Dialogs(): JSX.Element | null {
  return null
}
