import type { JSX } from 'preact'
import type { StartKind } from '../../../src/events/sums.ts'
import type { Start, Tally } from './tally.ts'

/** More starts than this are shown as one bar in proportion. */
const MOST = 120

export type SquareKind = StartKind | 'tooMany' | 'none'

const PATHS: Readonly<Record<SquareKind, string>> = {
  ran: 'M4.5 8.7 7.2 11.3 11.8 5.6',
  tookOver: 'M4.5 8.7 7.2 11.3 11.8 5.6',
  got: 'M5 6.5h6M5 9.8h6',
  away: 'M5.4 11 10.8 5.2',
  cutShort: 'M5.4 5.4l5.4 5.4M10.8 5.4 5.4 10.8',
  noRedis: 'M8.1 4.6v4.2M8.1 11.4v.2',
  tooLate: 'M5.4 5.4l5.4 5.4M10.8 5.4 5.4 10.8',
  failed: 'M4.6 8.1h7',
  running: 'M6.2 5v6.4l5-3.2Z',
  waiting: 'M6.2 5.2v6M10 5.2v6',
  tooMany: 'M8.1 4.4v7.4M4.4 8.1h7.4',
  none: '',
}

const WORDS: Readonly<Record<SquareKind, string>> = {
  ran: 'ran and saved',
  tookOver: 'took over, ran to the end',
  got: 'got the result',
  away: 'turned away',
  cutShort: 'cut short',
  noRedis: 'refused, no Redis',
  tooLate: 'too late',
  failed: 'failed',
  running: 'running',
  waiting: 'waiting for an answer',
  tooMany: 'a result too many',
  none: 'not tried without it',
}

export function Squares({ tally }: { readonly tally: Tally }): JSX.Element {
  const counts = Object.entries(tally.counts) as [StartKind, number][]
  return (
    <Row
      kinds={tally.starts.map(({ kind }) => kind)}
      earlier={tally.earlier}
      counts={counts}
      label="Starts with Holdfast"
    />
  )
}

/** The same starts in the control run, in the same order. */
export function ControlSquares({ tally }: { readonly tally: Tally }): JSX.Element {
  const kindOf = ({ control }: Start): SquareKind =>
    control === null ? 'none' : control === 'saved' ? 'ran' : control
  const { saved, tooMany, failed, untried } = tally.control
  const counts = [
    ['ran', saved],
    ['tooMany', tooMany],
    ['failed', failed],
    ['none', untried],
  ] as const
  return (
    <Row
      kinds={tally.starts.map(kindOf)}
      earlier={tally.earlier}
      counts={counts.filter(([, count]) => count > 0)}
      label="The same starts without Holdfast"
    />
  )
}

interface RowProps {
  /** Of the starts that the page knows. */
  readonly kinds: readonly SquareKind[]
  readonly earlier: number
  /** Of all. */
  readonly counts: readonly (readonly [SquareKind, number])[]
  readonly label: string
}

function Row({ kinds, earlier, counts, label }: RowProps): JSX.Element {
  const summary = counts.map(([kind, count]) => `${count} ${WORDS[kind]}`).join(', ')
  if (kinds.length + earlier > MOST) {
    return (
      <span class="in-proportion" role="img" aria-label={`${label}: ${summary}`}>
        {counts.map(([kind, count]) => (
          <i key={kind} class={`is-${kind}`} style={{ flexGrow: count }} title={`${count} ${WORDS[kind]}`} />
        ))}
      </span>
    )
  }
  return (
    <span class="squares" role="img" aria-label={`${label}: ${summary}`}>
      {earlier > 0 && <small class="earlier">{earlier} earlier</small>}
      {kinds.map((kind, index) => (
        <Square key={index} kind={kind} title={WORDS[kind]} />
      ))}
    </span>
  )
}

/** Of one start, or of a word that says what such squares mean: then without a title. */
export function Square({ kind, title }: { readonly kind: SquareKind; readonly title?: string }): JSX.Element {
  return (
    <svg class={`square is-${kind}`} viewBox="0 0 16.2 16.2" aria-hidden={title === undefined}>
      {title !== undefined && <title>{title}</title>}
      <rect x=".6" y=".6" width="15" height="15" rx="3.5" />
      <path d={PATHS[kind]} />
    </svg>
  )
}
