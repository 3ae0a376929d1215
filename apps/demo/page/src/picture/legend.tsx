import type { JSX } from 'preact'

const WORDS = [
  ['running', 'running'],
  ['done', 'done'],
  ['waiting', 'waits for the result'],
  ['frozen', 'frozen'],
  ['away', 'turned away'],
  ['stored', 'got the stored result'],
  ['saved', 'saved'],
  ['refused', 'late write refused'],
  ['moment', 'started at one moment'],
] as const

/** What the signs mean: shape and word. */
export function Legend(): JSX.Element {
  return (
    <ul class="legend" aria-label="Signs">
      {WORDS.map(([kind, words]) => (
        <li key={kind}>
          <Sign kind={kind} />
          {words}
        </li>
      ))}
    </ul>
  )
}

function Sign({ kind }: { readonly kind: (typeof WORDS)[number][0] }): JSX.Element {
  switch (kind) {
    case 'moment':
    case 'running':
    case 'done':
    case 'waiting':
    case 'frozen':
      return <i class={`key is-${kind}`} />
    case 'away':
      return (
        <svg class="key-sign is-away" viewBox="-8 -8 16 16" aria-hidden="true">
          <circle r="6.2" />
          <path d="M-4.2 4.2 4.2-4.2" />
        </svg>
      )
    case 'stored':
      return (
        <svg class="key-sign is-stored" viewBox="-8 -8 16 16" aria-hidden="true">
          <rect x="-6.5" y="-6.5" width="13" height="13" rx="3" />
          <path d="M-3-2H3M-3 2H3" />
        </svg>
      )
    case 'saved':
      return (
        <svg class="key-sign is-saved" viewBox="-8 -8 16 16" aria-hidden="true">
          <path class="face" d="M0-8 8 0 0 8-8 0Z" />
          <path d="M-3 .3-.8 2.5 3.2-2.2" />
        </svg>
      )
    case 'refused':
      return (
        <svg class="key-sign is-refused" viewBox="-9 -9 18 18" aria-hidden="true">
          <path class="face" d="M-3.3-8H3.3L8-3.3V3.3L3.3 8H-3.3L-8 3.3V-3.3Z" />
          <path d="M-2.8-2.8 2.8 2.8M2.8-2.8-2.8 2.8" />
        </svg>
      )
  }
}
