import type { Model } from '../model/model.ts'
import { bandsOf } from './bands.ts'
import { emptyBoard } from './board.ts'
import { databaseRow } from './database-row.ts'
import { foldedRow } from './folded-row.ts'
import { instanceRow } from './instance-row.ts'
import { ROW_PADDING, type RowContent, TRACK } from './row-content.ts'
import { type LabelWish, type Measure, placed } from './labels.ts'
import { linesOf } from './lines.ts'
import type { Layout, RowBox, Stretch } from './shapes.ts'
import { savedBetween, thingsBetween } from './things.ts'
import type { TimeScale } from './time-scale.ts'

export interface LayoutInput {
  readonly model: Model
  readonly now: number
  readonly scale: TimeScale
  /** The part that is looked at. */
  readonly left: number
  readonly width: number
  /** The left edge of a picture that stands still: no word is cut by it. Null: the picture moves, and words leave it with their things. */
  readonly edge: number | null
  readonly measure: Measure
  /** Of the head of a row where it lies above it, else 0. */
  readonly headHeight: number
  /** `workKey` of what is selected. */
  readonly selected: string | null
  /** Of the layout before, at the same zoom: tracks stay where they are, and rows do not shrink. */
  readonly before: Pick<Layout, 'tracks' | 'rows'> | null
}

/** As many as the stories of the tour need: rows that grow while one looks push away what is below them. */
const USUAL_TRACKS = 4
const REDIS_ROW = 44
/** Of the line, in its row. */
const REDIS_LINE = 22
/** Of a row that has a name and no verbs, where names lie above rows. */
const SMALL_HEAD = 10
/** A label may reach so far beyond now. */
const AFTER_NOW = 12
const DATABASE_ROW = 76
const FOLDED_ROW = 36
/** More instances than this fold to one line each. */
const MANY_INSTANCES = 12
/** Beyond the view's edges, so that what comes into it is there already. */
const MARGIN = 96

/** Where everything stands. The same input gives the same layout. */
export function layoutOf(input: LayoutInput): Layout {
  const { model, now, scale, left, width, headHeight, before } = input
  const from = scale.timeOf(left - MARGIN)
  const to = scale.timeOf(left + width + MARGIN)
  const things = thingsBetween(model, from, to)
  const { saved, refused } = savedBetween(model, from, to)
  const isFolded = model.instances.size > MANY_INSTANCES
  const tracksBefore = before?.tracks ?? new Map<string, number>()

  const smallHead = headHeight > 0 ? SMALL_HEAD : 0
  const rows: RowBox[] = [
    {
      kind: 'redis',
      name: 'Redis',
      y: 0,
      h: REDIS_ROW + smallHead,
      top: REDIS_LINE + smallHead,
      tracks: 1,
      isFolded: false,
    },
  ]
  const tracks = new Map<string, number>()
  const board = emptyBoard()
  const contents: RowContent[] = []
  let y = REDIS_ROW + smallHead
  for (const name of model.instances.keys()) {
    const inRow = things.get(name) ?? { spans: [], signs: [] }
    const top = y + (isFolded ? 0 : headHeight)
    const content = isFolded
      ? foldedRow(input, inRow, name, top + 4)
      : instanceRow(input, inRow, name, top + ROW_PADDING / 2, tracksBefore, board)
    for (const [id, track] of content.tracks) tracks.set(id, track)
    const was = before?.rows.find((row) => row.name === name && row.isFolded === isFolded)?.tracks ?? 0
    const count = Math.max(content.trackCount, was, USUAL_TRACKS)
    const h = isFolded ? FOLDED_ROW : count * TRACK + ROW_PADDING + headHeight
    rows.push({ kind: 'instance', name, y, h, top, tracks: count, isFolded })
    contents.push(content)
    y += h
  }
  const database: RowBox = {
    kind: 'database',
    name: 'Database',
    y,
    h: DATABASE_ROW + smallHead,
    top: y + smallHead,
    tracks: 1,
    isFolded: false,
  }
  rows.push(database)
  contents.push(databaseRow(input, saved, refused, database.top, board))

  const shapes = contents.flatMap((content) => content.shapes)
  const bands = bandsOf(input, rows)
  const lines = linesOf(input, rows, shapes, saved, refused)
  const wishes: LabelWish[] = [
    ...contents.flatMap((content) => content.wishes),
    ...bands.wishes,
    ...lines.wishes,
  ]
  return {
    height: database.y + database.h,
    rows,
    bands: bands.shapes,
    lines: lines.shapes,
    shapes,
    labels: placed(wishes, board, input.measure, scale.xOf(now) + AFTER_NOW).filter(
      ({ x, w }) => input.edge === null || x >= input.edge || x + w <= input.edge,
    ),
    items: contents.flatMap((content) => content.items).toSorted((a, b) => a.at - b.at),
    tracks,
    redisBreaks: stretchesOf(input, model.redis.stopped),
  }
}

function stretchesOf(
  { scale, now }: LayoutInput,
  spells: readonly { readonly from: number; readonly to: number | null }[],
): readonly Stretch[] {
  return spells.map(({ from, to }) => ({ x: scale.xOf(from), w: scale.xOf(to ?? now) - scale.xOf(from) }))
}
