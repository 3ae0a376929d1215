import type { JSX } from 'preact'

/** The signs of the picture, as small drawings beside words: shape first, colour second. */
const SIGNS = {
  ran: { colour: 'done', shape: 'M2 4h12v8H2Z M2 4h3v8H2Z' },
  away: { colour: 'quiet', shape: 'M8 1.8a6.2 6.2 0 1 0 0 12.4A6.2 6.2 0 0 0 8 1.8Z M3.7 12.3 12.3 3.7' },
  waits: { colour: 'quiet', shape: 'M1.5 5h13v6h-13Z M3 11l5-6 M7 11l5-6 M11 11l3.5-4.2' },
  got: { colour: 'done', shape: 'M3 8h6 M12 5.5a2.5 2.5 0 1 0 0 5 2.5 2.5 0 0 0 0-5Z' },
  stored: {
    colour: 'done',
    shape:
      'M4.8 1.8h6.4a3 3 0 0 1 3 3v6.4a3 3 0 0 1-3 3H4.8a3 3 0 0 1-3-3V4.8a3 3 0 0 1 3-3Z M5 6.4h6 M5 9.6h6',
  },
  computed: {
    colour: 'take',
    shape:
      'M4.8 1.8h6.4a3 3 0 0 1 3 3v6.4a3 3 0 0 1-3 3H4.8a3 3 0 0 1-3-3V4.8a3 3 0 0 1 3-3Z M8 4.6v6.4 M5.2 8.4 8 11.2l2.8-2.8',
  },
  shared: {
    colour: 'run',
    shape: 'M5.4 4a4 4 0 1 0 0 8a4 4 0 1 0 0-8Z M10.6 4a4 4 0 1 0 0 8a4 4 0 1 0 0-8Z',
  },
  killed: { colour: 'stop', shape: 'M3.5 3.5l9 9 M12.5 3.5l-9 9' },
  lease: { colour: 'take', shape: 'M1.5 4.5 14.5 8 1.5 11.5Z' },
  tookOver: { colour: 'take', shape: 'M2 3c6 0 9 3 9 8 M8 8.5l3 3.5 3-3.5' },
  frozen: { colour: 'cold', shape: 'M8 1.5v13 M2.4 4.8l11.2 6.4 M13.6 4.8 2.4 11.2' },
  saved: { colour: 'done', shape: 'M8 1 15 8 8 15 1 8Z M5 8.2l2.2 2.1L11 6.2' },
  refusedWrite: {
    colour: 'stop',
    shape: 'M5.2 1.2h5.6l4 4v5.6l-4 4H5.2l-4-4V5.2Z M5.4 5.4l5.2 5.2 M10.6 5.4l-5.2 5.2',
  },
  noRedis: { colour: 'stop', shape: 'M8 1.8 15 14H1Z M8 6v4 M8 11.8v.4' },
  keptRunning: { colour: 'done', shape: 'M2 4h12v5H2Z M2 12.5h12' },
  started: { colour: 'quiet', shape: 'M3 2v7h4 M8 6.5h6v5H8Z' },
} as const satisfies Readonly<Record<string, { readonly colour: string; readonly shape: string }>>

export type Sign = keyof typeof SIGNS

export function SignIcon({ sign }: { readonly sign: Sign }): JSX.Element {
  const { colour, shape } = SIGNS[sign]
  return (
    <svg class={`sign-icon ${colour}`} viewBox="0 0 16 16" width="16" height="16" aria-hidden="true">
      <path d={shape} />
    </svg>
  )
}
