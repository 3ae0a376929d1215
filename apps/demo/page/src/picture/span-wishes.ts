import { nameOf, shortNameOf } from '../model/names.ts'
import type { BesidePlace, LabelWish, Place } from './labels.ts'
import type { LayoutInput } from './layout.ts'
import { BAR, MAX_TRACKS, middleY, TAB } from './row-content.ts'
import type { BarShape, Shape } from './shapes.ts'
import type { BarThing, SpanThing, StubThing, WaitThing } from './things.ts'

const PADDING = 5

/** What is to be written on a bar, a wait or a stub, and beside it. */
export function wishesOf(
  input: LayoutInput,
  span: SpanThing,
  shape: Shape,
  top: number,
  track: number,
): readonly LabelWish[] {
  switch (span.kind) {
    case 'bar':
      return barWishes(input, span, shape as BarShape, top, track)
    case 'wait':
      return waitWishes(input, span, shape)
    case 'stub':
      return stubWishes(span, shape, top, track)
  }
}

/** Where a text in a thing begins: at its beginning, or at the edge that hides that. */
function beginIn(
  { edge }: LayoutInput,
  thing: { readonly x: number; readonly w: number },
  x: number,
): number {
  return edge !== null && x < edge && thing.x + thing.w > edge ? edge + PADDING : x
}

function barWishes(
  input: LayoutInput,
  { attempt, state }: BarThing,
  bar: BarShape,
  top: number,
  track: number,
): readonly LabelWish[] {
  const [name, short] = [nameOf(input.model, attempt), shortNameOf(attempt)]
  const left = beginIn(input, bar, bar.x + (bar.rank === null ? PADDING : TAB + PADDING))
  const within = { form: 'inside', x: left, y: bar.y, w: bar.x + bar.w - left - PADDING, h: BAR } as const
  const ground = state === 'running' ? 'full' : bar.frozen.length > 0 ? 'plate' : 'none'
  const isRunning = state === 'running'
  const full = isRunning ? [`${name} · ${bar.percent} %`, name, short] : [name, short]
  const middle = middleY(top, track)
  const places: Place[] = [
    ...full.map((text) => ({ ...within, text, ground, mayBeCut: false }) as const),
    // A bar that grows has nothing beside it that stays.
    ...(isRunning || state === 'cutShort'
      ? []
      : [{ form: 'outside', text: name, x: bar.x + bar.w + 6, align: 'left', y: middle } as const]),
    { ...within, text: short, ground, mayBeCut: true },
  ]
  const wishes: LabelWish[] = [
    { importance: isRunning ? 'running' : 'rest', tone: isRunning ? 'run' : 'plain', places },
  ]
  if (state === 'failed') {
    const text = attempt.message === null ? 'failed' : `failed: ${attempt.message.slice(0, 40)}`
    wishes.push({
      importance: 'killed',
      tone: 'stop',
      places: below(bar.x, top, track, [text, 'failed'], 'outside'),
    })
  }
  if (bar.leaseOverX !== null) {
    wishes.push({
      importance: 'takeover',
      tone: 'take',
      places: below(bar.leaseOverX + 14, top, track, ['lease over'], 'outside'),
    })
  }
  const [kept] = bar.kept
  if (kept !== undefined && kept.w > 8 && (state === 'done' || isRunning)) {
    wishes.push({
      importance: 'rest',
      tone: 'done',
      places: below(kept.x, top, track, ['kept running'], 'pill').map((place) => ({
        ...place,
        x: kept.x + kept.w / 2,
        align: 'middle' as const,
      })),
    })
  }
  if (state === 'cutShort') {
    const above = { form: 'outside', x: bar.x + bar.w + 4, align: 'left', y: bar.y + 2 } as const
    wishes.push({
      importance: 'takeover',
      tone: 'take',
      places: [
        { ...above, text: 'lease runs out' },
        { ...above, text: 'lease' },
      ],
    })
  }
  return wishes
}

function waitWishes(input: LayoutInput, { call, end }: WaitThing, { x, y, w }: Shape): readonly LabelWish[] {
  const left = beginIn(input, { x, w }, x + 8)
  const on = {
    form: 'inside',
    x: left,
    y,
    w: x + w - left - 8 - (end === 'result' ? 6 : 0),
    h: BAR,
    ground: 'plate',
  } as const
  return [
    {
      importance: 'rest',
      tone: 'quiet',
      places: [
        { ...on, text: `${nameOf(input.model, call)} waits`, mayBeCut: false },
        { ...on, text: 'waits', mayBeCut: false },
      ],
    },
  ]
}

function stubWishes(
  { call, count }: StubThing,
  { x, w }: Shape,
  top: number,
  track: number,
): readonly LabelWish[] {
  const what = call.outcome === 'noRedis' ? 'no Redis' : 'failed'
  const text = count === 1 ? what : `${count} ${what}`
  const right = { form: 'outside', text, x: x + w + 3, align: 'left', y: middleY(top, track) } as const
  return [{ importance: 'killed', tone: 'stop', places: [right, ...below(x, top, track, [text], 'outside')] }]
}

/** On the tracks below, then above. */
export function below(
  x: number,
  top: number,
  track: number,
  texts: readonly string[],
  form: 'outside' | 'pill',
): readonly BesidePlace[] {
  const tracks = [track + 1, track + 2, track - 1, track + 3].filter(
    (each) => each >= 0 && each <= MAX_TRACKS,
  )
  return texts.flatMap((text) =>
    tracks.map((each) =>
      // It begins where its thing does, or waits until there is room.
      ({ form, text, x, align: 'left' as const, y: middleY(top, each) }),
    ),
  )
}
