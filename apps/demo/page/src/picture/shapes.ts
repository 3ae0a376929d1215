import type { Work } from '../../../src/events/page-event.ts'

/** What the layout makes and the drawing draws. Pixels: x from the first moment that is known, y from the top row. */
export interface Box {
  readonly x: number
  readonly y: number
  readonly w: number
  readonly h: number
}

export type BarState = 'running' | 'done' | 'failed' | 'cutShort' | 'lost' | 'released'

export interface BarShape extends Box {
  readonly kind: 'bar'
  readonly id: string
  readonly state: BarState
  /** It grows with time. */
  readonly isOpen: boolean
  /** Of its fence; null: there is no room for the tab. */
  readonly rank: number | null
  readonly percent: number
  /** Where a stage ended. */
  readonly ticks: readonly number[]
  /** Parts of it: its process was frozen; Redis was down, and it went on. */
  readonly frozen: readonly Stretch[]
  readonly kept: readonly Stretch[]
  /** Where its lease ended while it still stood there. */
  readonly leaseOverX: number | null
  readonly isSelected: boolean
}

export interface Stretch {
  readonly x: number
  readonly w: number
}

export interface WaitShape extends Box {
  readonly kind: 'wait'
  readonly id: string
  readonly end: 'result' | 'became' | 'open' | 'nothing' | 'cutShort'
  readonly isSelected: boolean
}

/** A start that asked Redis as long as it is wide, and got no answer; or that failed. */
export interface StubShape extends Box {
  readonly kind: 'stub'
  readonly id: string
  readonly isSelected: boolean
}

export interface LeaseShape extends Box {
  readonly kind: 'lease'
  readonly id: string
}

export type Sign = 'away' | 'stored' | 'loaded' | 'shared' | 'saved' | 'refused' | 'killed'

export interface SignShape extends Box {
  readonly kind: 'sign'
  readonly id: string
  readonly sign: Sign
  readonly count: number
  readonly isSelected: boolean
}

/** How much there was at once, where a row is folded to one line. */
export interface CountShape extends Box {
  readonly kind: 'count'
  readonly id: string
  readonly count: number
  /** Of the fullest column. */
  readonly share: number
  readonly isOpen: boolean
}

export type Shape = BarShape | WaitShape | StubShape | LeaseShape | SignShape | CountShape

export interface BandShape extends Box {
  readonly kind: 'outage' | 'frozen' | 'gone' | 'cut' | 'gap' | 'fold'
  readonly isOpen: boolean
}

export interface LineShape {
  readonly kind: 'thread' | 'drop' | 'refused' | 'elbow' | 'takeover'
  readonly id: string
  readonly x1: number
  readonly y1: number
  readonly x2: number
  readonly y2: number
  readonly isSelected: boolean
}

export type Tone = 'plain' | 'run' | 'done' | 'stop' | 'take' | 'cold' | 'quiet'

export interface LabelShape extends Box {
  readonly text: string
  /** `inside`: on its bar; `outside`: beside it; `pill`: with an edge around it. */
  readonly form: 'inside' | 'outside' | 'pill'
  readonly tone: Tone
  /** On a hatched or full bar the words need other ground, or another colour. */
  readonly ground: 'none' | 'plate' | 'full'
  readonly icon: 'none' | 'cross' | 'snow'
}

/** What can be pointed at, focused and named. */
export interface Item extends Box {
  readonly id: string
  /** The row's, `Database` for the last one. */
  readonly row: string
  readonly at: number
  /** The same words as in the table; made only when they are asked for. */
  readonly say: () => string
  readonly work: Work | null
  /** Must be there even when there are too many. */
  readonly isException: boolean
}

export interface RowBox {
  readonly kind: 'redis' | 'instance' | 'database'
  readonly name: string
  readonly y: number
  readonly h: number
  /** Where things are, below a head that lies above them; of Redis, where its line is. */
  readonly top: number
  readonly tracks: number
  readonly isFolded: boolean
}

export interface Layout {
  readonly height: number
  readonly rows: readonly RowBox[]
  readonly bands: readonly BandShape[]
  readonly lines: readonly LineShape[]
  readonly shapes: readonly Shape[]
  readonly labels: readonly LabelShape[]
  readonly items: readonly Item[]
  /** Track by id, for the next layout: what is on the picture keeps its track. */
  readonly tracks: ReadonlyMap<string, number>
  readonly redisBreaks: readonly Stretch[]
}
