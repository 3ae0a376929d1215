import type { Attempt, Call, Effect } from '../model/model.ts'
import { workKey } from '../model/model.ts'
import { DATABASE_SIGNS } from './database-row.ts'
import type { LabelWish } from './labels.ts'
import type { LayoutInput } from './layout.ts'
import type { BarShape, Box, LineShape, RowBox, Shape } from './shapes.ts'
import { SIGN } from './signs.ts'
import { MOMENT_MS, type SavedThing } from './things.ts'

export interface Lines {
  readonly shapes: readonly LineShape[]
  readonly wishes: readonly LabelWish[]
}

/** Beyond the view's edges, in pixels. */
const MARGIN = 96

/** What connects one row with another. */
export function linesOf(
  input: LayoutInput,
  rows: readonly RowBox[],
  shapes: readonly Shape[],
  saved: readonly SavedThing[],
  refused: readonly Effect[],
): Lines {
  const { model, scale, selected } = input
  const byId = new Map(shapes.map((shape) => [shape.id, shape]))
  const rowOf = new Map(rows.map((row) => [row.name, row]))
  const database = rows.at(-1)
  /** Where an attempt stands: its bar, or the middle of a row that is folded. */
  const placeOf = (attempt: Attempt | undefined): Box | undefined => {
    if (attempt === undefined) return undefined
    const bar = byId.get(attempt.executionId)
    const row = rowOf.get(attempt.instance)
    if (bar !== undefined || row === undefined) return bar
    return { x: scale.xOf(attempt.startedAt), y: row.y + row.h / 2 - 4, w: 0, h: 8 }
  }
  const lines: LineShape[] = model.switches.map(({ at }) => ({
    kind: 'thread',
    id: `w:${at}`,
    x1: scale.xOf(at),
    y1: (rows[0]?.top ?? 0) + 9,
    x2: scale.xOf(at),
    y2: database?.y ?? 0,
    isSelected: false,
  }))
  const wishes: LabelWish[] = []
  const signY = (database?.top ?? 0) + DATABASE_SIGNS - SIGN / 2

  for (const { id, at, key, attempt } of saved) {
    const from = placeOf(attempt)
    const x = scale.xOf(at)
    if (from === undefined || rowOf.get(attempt?.instance ?? '')?.isFolded === true) continue
    lines.push({
      kind: 'drop',
      id: `d:${id}`,
      x1: x,
      y1: from.y + from.h,
      x2: x,
      y2: signY,
      isSelected: key === selected,
    })
  }
  for (const effect of refused) {
    const attempt = [...(model.works.get(workKey(effect))?.attempts ?? [])]
      .map((id) => model.attempts.get(id))
      .find((each) => each?.fencingToken === effect.fencingToken)
    const from = placeOf(attempt)
    const x = scale.xOf(effect.at)
    if (from === undefined) continue
    lines.push({
      kind: 'refused',
      id: `x:${effect.id}`,
      x1: x,
      y1: from.y + from.h,
      x2: x,
      y2: signY,
      isSelected: workKey(effect) === selected,
    })
  }
  for (const shape of shapes) {
    if (shape.kind !== 'bar') continue
    const parent = byId.get(model.attempts.get(shape.id)?.parentExecutionId ?? '')
    if (parent?.kind === 'bar' && parent.y < shape.y) lines.push(elbow(parent, shape))
  }
  for (const attempt of takeoversIn(input)) {
    const before = model.attempts.get(attempt.takenOverFrom ?? '')
    const to = placeOf(attempt)
    const from = placeOf(before) ?? lostPlace(attempt, rowOf)
    if (to === undefined || from === undefined) continue
    const x1 = scale.xOf(Math.min(before?.leaseEndsAt ?? attempt.startedAt, attempt.startedAt))
    const isBelow = to.y > from.y
    const line: LineShape = {
      kind: 'takeover',
      id: `t:${attempt.executionId}`,
      x1,
      y1: from.y + from.h / 2,
      x2: to.x + 5,
      y2: isBelow || to.y === from.y ? to.y - 1 : to.y + to.h + 1,
      isSelected: workKey(attempt) === selected,
    }
    lines.push(line)
    if (rowOf.get(attempt.instance)?.isFolded !== true) wishes.push(takeoverWish(attempt, line, to, isBelow))
  }
  return { shapes: [...lines, ...threadsOf(input, rowOf, byId)], wishes }
}

/** The owner before is out of view, or its instance is not known any more. */
function lostPlace(attempt: Attempt, rowOf: ReadonlyMap<string, RowBox>): Box | undefined {
  const row = rowOf.get(attempt.takenOverFromInstance ?? '')
  return row === undefined ? undefined : { x: 0, y: row.top + 10, w: 0, h: 20 }
}

function takeoversIn({ model, scale, left, width }: LayoutInput): readonly Attempt[] {
  const [from, to] = [scale.timeOf(left - MARGIN), scale.timeOf(left + width + MARGIN)]
  const found: Attempt[] = []
  model.attempts.forEach((attempt) => {
    const { takenOverFrom, startedAt } = attempt
    if (takenOverFrom !== null && startedAt >= from && startedAt <= to) found.push(attempt)
  })
  return found
}

function takeoverWish(attempt: Attempt, line: LineShape, to: Box, isBelow: boolean): LabelWish {
  const texts = [...(attempt.fromPercent > 0 ? [`took over at ${attempt.fromPercent} %`] : []), 'took over']
  const beside = [
    isBelow ? to.y - 14 : to.y + to.h + 14,
    to.y + to.h + 14,
    to.y - 14,
    to.y + to.h + 40,
    to.y - 40,
  ]
  return {
    importance: 'takeover',
    tone: 'take',
    places: texts.flatMap((text) =>
      beside.flatMap((y) => [
        { form: 'pill', text, x: line.x2 + 9, align: 'left', y } as const,
        { form: 'pill', text, x: line.x2 - 9, align: 'right', y } as const,
      ]),
    ),
  }
}

function elbow(parent: BarShape, child: BarShape): LineShape {
  const x = Math.max(parent.x + 4, child.x - 8)
  return {
    kind: 'elbow',
    id: `e:${child.id}`,
    x1: x,
    y1: parent.y + parent.h,
    x2: child.x,
    y2: child.y + child.h / 2,
    isSelected: false,
  }
}

/** Starts of one moment, and those who got one result, through all rows between them. */
function threadsOf(
  { model, scale, left, width, selected }: LayoutInput,
  rowOf: ReadonlyMap<string, RowBox>,
  byId: ReadonlyMap<string, Shape>,
): readonly LineShape[] {
  const [from, to] = [scale.timeOf(left - MARGIN - width), scale.timeOf(left + width + MARGIN)]
  const threads: LineShape[] = []
  const thread = (id: string, x: number, key: string, instances: Iterable<string>): void => {
    const ys = [...instances].flatMap((name) => {
      const row = rowOf.get(name)
      return row === undefined ? [] : [row.top + (row.isFolded ? row.h / 2 : 20)]
    })
    const [y1, y2] = [Math.min(...ys), Math.max(...ys)]
    if (y2 > y1) threads.push({ kind: 'thread', id, x1: x, y1, x2: x, y2, isSelected: key === selected })
  }
  model.works.forEach(({ key, calls, firstAt, lastAt }) => {
    if (lastAt < from || firstAt > to) return
    const asked = calls
      .flatMap((id) => model.calls.get(id) ?? [])
      .filter(({ askedAt }) => askedAt >= from && askedAt <= to)
    for (const group of momentsOf(asked)) {
      const [{ id, askedAt }] = group
      if (group.length > 1) thread(`m:${id}`, scale.xOf(askedAt), key, instancesOf(group))
      const got = group.filter(({ outcome }) => outcome === 'waited')
      const owner = model.attempts.get(got[0]?.executionId ?? '')
      if (owner === undefined || byId.get(owner.executionId) === undefined) continue
      const at = Math.max(...got.map(({ answeredAt }) => answeredAt ?? 0))
      thread(`g:${id}`, scale.xOf(at), key, instancesOf(got).add(owner.instance))
    }
  })
  return threads
}

/** Starts of one piece of work, those together that were made at one moment. */
function momentsOf(calls: readonly Call[]): readonly (readonly [Call, ...Call[]])[] {
  const groups: [Call, ...Call[]][] = []
  let before = -Infinity
  for (const call of calls) {
    const group = groups.at(-1)
    if (group !== undefined && call.askedAt - before < MOMENT_MS) group.push(call)
    else groups.push([call])
    before = call.askedAt
  }
  return groups
}

function instancesOf(calls: readonly Call[]): Set<string> {
  return new Set(calls.map(({ instance }) => instance))
}
