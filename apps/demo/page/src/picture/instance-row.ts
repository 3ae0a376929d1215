import type { Instance, Spell } from '../model/model.ts'
import { rankOf } from '../model/model.ts'
import type { Board } from './board.ts'
import type { LabelWish } from './labels.ts'
import type { LayoutInput } from './layout.ts'
import { BAR, barY, MAX_TRACKS, type RowContent, TAB } from './row-content.ts'
import type { BarShape, Item, LeaseShape, Shape, Stretch, StubShape, WaitShape } from './shapes.ts'
import { signsOf } from './signs.ts'
import { wishesOf } from './span-wishes.ts'
import { surplusOf } from './surplus.ts'
import type { BarThing, SpanThing, Things } from './things.ts'
import { packed } from './tracks.ts'
import { attemptWords, stubWords, waitWords } from './words.ts'

const SMALLEST = 6
/** With more things than this in a row, only those that have room for words are named. */
const CROWD = 80
const READABLE = 28
const TRIANGLE = 18

/** The bars, waits and signs of one instance, on as many tracks as it has things at once. */
export function instanceRow(
  input: LayoutInput,
  things: Things,
  name: string,
  top: number,
  before: ReadonlyMap<string, number>,
  board: Board,
): RowContent {
  const { tracks, count } = packed(things.spans, before, (span) => endOf(input, span))
  const fits = ({ id }: SpanThing): boolean => (tracks.get(id) ?? 0) < MAX_TRACKS
  const trackOf = ({ id }: SpanThing): number => tracks.get(id) ?? 0
  const shapes: Shape[] = []
  const wishes: LabelWish[] = []
  const items: Item[] = []
  const next = nextStarts(things.spans, trackOf)
  const instance = input.model.instances.get(name)
  const lastColumn = new Map<number, string>()
  const isCrowd = things.spans.length > CROWD

  for (const span of things.spans) {
    if (!fits(span)) continue
    const box = boxOf(input, span, barY(top, trackOf(span)), next.get(span.id))
    // Below a pixel: one of a kind in a column is enough, unless it is an exception.
    const column = `${Math.floor(box.x)}:${span.kind === 'bar' ? span.state : span.kind}`
    const isTiny = box.w <= 2 && lastColumn.get(trackOf(span)) === column && !isException(span)
    if (isTiny && input.selected !== span.key) continue
    lastColumn.set(trackOf(span), column)
    const made = shapesOf(input, span, box, instance)
    shapes.push(...made)
    for (const shape of made) board.take(shape)
    if (!isCrowd || box.w >= READABLE || isException(span)) {
      wishes.push(...wishesOf(input, span, made[0], top, trackOf(span)))
    }
    items.push(itemOf(input, span, name, box))
  }
  const surplus = surplusOf(
    input,
    things.spans.filter((span) => !fits(span)),
    name,
    barY(top, MAX_TRACKS),
  )
  for (const shape of surplus.shapes) board.take(shape)
  const signs = signsOf(input, things.signs, name, top, board)
  const bars = Math.min(count, MAX_TRACKS) + (surplus.shapes.length > 0 ? 1 : 0)
  return {
    shapes: [...shapes, ...surplus.shapes, ...signs.shapes],
    wishes: [...wishes, ...surplus.wishes, ...signs.wishes],
    items: [...items, ...surplus.items, ...signs.items],
    tracks,
    trackCount: Math.max(bars, signs.trackCount) + (hasFlags(input, instance, things) ? 1 : 0),
  }
}

/** With the sign at its end, and with what is left of its lease. */
function endOf({ scale }: LayoutInput, span: SpanThing): number {
  if (span.kind === 'stub') return span.to + (TRIANGLE + 2) / scale.pixelsPerMs
  if (span.to === null) return Infinity
  if (span.kind === 'wait' || span.state !== 'cutShort') return span.to
  const { leaseEndsAt, takenOverAt } = span.attempt
  return Math.max(span.to, Math.min(leaseEndsAt, takenOverAt ?? Infinity))
}

function isException(span: SpanThing): boolean {
  return span.kind === 'bar' && (span.state !== 'done' || span.attempt.takenOverFrom !== null)
}

/** Flags stand below the bars. */
function hasFlags(input: LayoutInput, instance: Instance | undefined, { spans }: Things): boolean {
  if (instance === undefined) return false
  const spells: readonly (readonly Spell[])[] = [instance.frozen, instance.gone, instance.cut]
  return (
    spells.some((list) => list.length > 0) ||
    spans.some((span) => span.kind === 'bar' && span.attempt.takenOverFrom !== null)
  )
}

/** Where the next thing on the same track begins: what is smaller than 6 px may grow up to there. */
function nextStarts(
  spans: readonly SpanThing[],
  trackOf: (span: SpanThing) => number,
): ReadonlyMap<string, number> {
  const next = new Map<string, number>()
  const last = new Map<number, string>()
  for (const span of spans) {
    const previous = last.get(trackOf(span))
    if (previous !== undefined) next.set(previous, span.from)
    last.set(trackOf(span), span.id)
  }
  return next
}

function boxOf(
  { scale, now }: LayoutInput,
  span: SpanThing,
  y: number,
  next: number | undefined,
): { x: number; y: number; w: number; h: number } {
  const x = scale.xOf(span.from)
  const end = scale.xOf(span.to ?? now)
  const room = next === undefined ? Infinity : Math.max(1, scale.xOf(next) - x - 1)
  const isBecoming = span.kind === 'wait' && span.end === 'became'
  const w = isBecoming ? Math.max(1, end - x) : Math.min(Math.max(SMALLEST, end - x), room)
  return { x, y, w: span.kind === 'stub' ? Math.max(w, end - x) + TRIANGLE : w, h: BAR }
}

function shapesOf(
  input: LayoutInput,
  span: SpanThing,
  box: { x: number; y: number; w: number; h: number },
  instance: Instance | undefined,
): readonly [Shape, ...Shape[]] {
  const common = { ...box, id: span.id, isSelected: span.key === input.selected }
  if (span.kind === 'wait') return [{ ...common, kind: 'wait', end: span.end } satisfies WaitShape]
  if (span.kind === 'stub') return [{ ...common, kind: 'stub' } satisfies StubShape]
  return [barShape(input, span, common, instance), ...leaseOf(input, span, box)]
}

function barShape(
  input: LayoutInput,
  { attempt, state, to }: BarThing,
  common: { x: number; y: number; w: number; h: number; id: string; isSelected: boolean },
  instance: Instance | undefined,
): BarShape {
  const { model, scale, now } = input
  const end = to ?? now
  const rank = rankOf(model.works.get(`${attempt.jobType}:${attempt.jobKey}`), attempt.fencingToken)
  const parts = (spells: readonly Spell[]): readonly Stretch[] =>
    spells.flatMap((spell) => {
      const [from, until] = [Math.max(spell.from, attempt.startedAt), Math.min(spell.to ?? now, end)]
      return from < until ? [{ x: scale.xOf(from), w: scale.xOf(until) - scale.xOf(from) }] : []
    })
  const isOver = attempt.leaseEndsAt < end && (attempt.takenOverAt !== null || attempt.isStalled)
  return {
    ...common,
    kind: 'bar',
    state,
    isOpen: to === null,
    rank: common.w >= TAB && rank > 0 ? rank : null,
    percent: attempt.percent,
    ticks: common.w < 60 ? [] : attempt.steps.map(({ at }) => scale.xOf(at)),
    frozen: parts(instance?.frozen ?? []),
    kept: parts(model.redis.stopped),
    leaseOverX: isOver ? scale.xOf(attempt.leaseEndsAt) : null,
  }
}

/** What is left of the lease of a process that is gone. */
function leaseOf(
  { scale }: LayoutInput,
  { attempt, state }: BarThing,
  box: { x: number; y: number; w: number; h: number },
): readonly LeaseShape[] {
  if (state !== 'cutShort' || attempt.endedAt === null) return []
  const x = box.x + box.w
  const w = scale.xOf(Math.min(attempt.leaseEndsAt, attempt.takenOverAt ?? Infinity)) - x
  // In the lower half: above it stands what it is.
  return w < 4 ? [] : [{ kind: 'lease', id: `l:${attempt.executionId}`, x, y: box.y + 10, w, h: BAR - 10 }]
}

function itemOf(
  { model }: LayoutInput,
  span: SpanThing,
  row: string,
  box: { x: number; y: number; w: number; h: number },
): Item {
  return {
    ...box,
    id: span.id,
    row,
    at: span.from,
    say: () => wordsOf(model, span),
    work: span.kind === 'bar' ? span.attempt : span.call,
    isException: isException(span) || span.kind === 'stub',
  }
}

function wordsOf(model: LayoutInput['model'], span: SpanThing): string {
  if (span.kind === 'bar') return attemptWords(model, span.attempt)
  return span.kind === 'wait' ? waitWords(model, span.call) : stubWords(model, span)
}
