import type { JSX } from 'preact'
import type { Severity } from './words.ts'

/** An octagon, a triangle, a disc: to be told apart without colours. */
const SHAPES: Readonly<Record<Severity, string>> = {
  error: 'M3.5 0h5L12 3.5v5L8.5 12h-5L0 8.5v-5z',
  warning: 'M6 .5 12 11.5H0z',
  info: 'M6 1a5 5 0 1 1 0 10A5 5 0 0 1 6 1z',
}

/** The shape of a severity; its word stands beside it, or is heard. */
export function SeveritySign({ severity }: { readonly severity: Severity }): JSX.Element {
  return (
    <svg class="severity-sign" viewBox="0 0 12 12" width="9" height="9" aria-hidden="true">
      <path d={SHAPES[severity]} fill="currentColor" />
    </svg>
  )
}
