import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { busyTimes } from '../../src/picture/busy.ts'
import { touches } from '../../src/picture/board.ts'
import { layoutOf } from '../../src/picture/layout.ts'
import type { Box, LabelShape, Layout, Shape } from '../../src/picture/shapes.ts'
import { thingsBetween } from '../../src/picture/things.ts'
import { timeScale } from '../../src/picture/time-scale.ts'
import { packed } from '../../src/picture/tracks.ts'
import { STORY_SECONDS, story } from '../story/story.ts'
import { modelOf } from '../../src/model/fold.ts'
import type { Model } from '../../src/model/model.ts'
import { eventMaker, snapshotOf } from '../event-maker.ts'
import { histories, type History } from './histories.ts'

const WIDTH = 720

function laidOut(
  { model, now }: History,
  spanMs: number,
  headHeight = 0,
  edge: number | null = null,
): Layout {
  const scale = timeScale(model.since ?? now, spanMs, WIDTH - 28, busyTimes(model, now), now)
  return layoutOf({
    model,
    now,
    scale,
    left: scale.xOf(now) - WIDTH + 28,
    width: WIDTH,
    edge,
    measure: (text, form) => text.length * (form === 'pill' ? 5.9 : 6.1),
    headHeight,
    selected: null,
    before: null,
  })
}

const spans = fc.constantFrom(5_000, 16_000, 45_000, 300_000, 3_600_000)

/** Pairs of boxes that lie on each other, as text. */
function overlaps(boxes: readonly (Box & { readonly what: string })[], others = boxes): string[] {
  return boxes.flatMap((a) =>
    others.filter((b) => a !== b && touches(a, b)).map((b) => `${a.what} on ${b.what}`),
  )
}

const named = (label: LabelShape): Box & { readonly what: string } => ({ ...label, what: `“${label.text}”` })

/** Its own bar: a label may stand on that, and on no other. */
function isOn(label: LabelShape, shape: Shape): boolean {
  return (
    label.form === 'inside' &&
    label.x >= shape.x &&
    label.x + label.w <= shape.x + shape.w + 0.01 &&
    label.y === shape.y
  )
}

describe('the layout', () => {
  it('of a picture that stands still cuts no word at its left edge, and names what begins before it', () => {
    let moved = 0
    fc.assert(
      fc.property(histories(), spans, fc.nat(WIDTH), (history, span, at) => {
        const moving = laidOut(history, span)
        const leftmost = Math.min(...moving.shapes.map(({ x }) => x))
        const edge = leftmost + at
        const { labels, shapes } = laidOut(history, span, 0, edge)
        expect(labels.filter(({ x, w }) => x < edge && x + w > edge)).toEqual([])
        expect(overlaps(labels.map(named))).toEqual([])
        for (const label of labels)
          if (label.form === 'inside') expect(shapes.some((shape) => isOn(label, shape))).toBe(true)
        moved += labels.filter(({ x, text }) =>
          moving.labels.every((other) => other.x !== x || other.text !== text),
        ).length
      }),
      { numRuns: 150 },
    )
    expect(moved).toBeGreaterThan(0)
  })

  it('lets no label lie on another one', () => {
    fc.assert(
      fc.property(histories(), spans, fc.constantFrom(0, 40), (history, span, head) => {
        expect(overlaps(laidOut(history, span, head).labels.map(named))).toEqual([])
      }),
      { numRuns: 300 },
    )
  })

  it('lets no label lie on a bar or sign, but on its own', () => {
    fc.assert(
      fc.property(histories(), spans, (history, span) => {
        const { labels, shapes } = laidOut(history, span)
        const faults = labels.flatMap((label) =>
          shapes
            .filter((shape) => touches(label, shape) && !isOn(label, shape))
            .map((shape) => `“${label.text}” on ${shape.kind} ${shape.id}`),
        )
        expect(faults).toEqual([])
      }),
      { numRuns: 300 },
    )
  })

  it('gives things that were there at once different tracks', () => {
    fc.assert(
      fc.property(histories(), ({ model, now }) => {
        for (const { spans: inRow } of thingsBetween(model, 0, now).values()) {
          const { tracks } = packed(inRow, new Map(), ({ to }) => to ?? Infinity)
          const boxes = inRow.map(({ id, from, to }) => ({
            what: id,
            x: from,
            w: (to ?? now) - from,
            y: tracks.get(id) ?? 0,
            h: 1,
          }))
          expect(overlaps(boxes)).toEqual([])
        }
      }),
      { numRuns: 300 },
    )
  })

  it('shows every refused write and every takeover at every zoom, and kills in every row', () => {
    fc.assert(
      fc.property(histories(), fc.constantFrom(60_000, 300_000, 3_600_000), (history, span) => {
        const { shapes, lines, bands } = laidOut(history, span)
        const refused = shapes.flatMap((shape) =>
          shape.kind === 'sign' && shape.sign === 'refused' ? [shape.count] : [],
        )
        expect(refused.reduce((sum, count) => sum + count, 0)).toBe(
          history.model.effects.filter(({ newestToken }) => newestToken !== null).length,
        )
        const takeovers = [...history.model.attempts.values()].filter(
          ({ takenOverFrom }) => takenOverFrom !== null,
        )
        expect(lines.filter(({ kind }) => kind === 'takeover')).toHaveLength(takeovers.length)
        const kills = [...history.model.instances.values()].flatMap(({ gone }) => gone)
        expect(bands.filter(({ kind }) => kind === 'gone')).toHaveLength(kills.length)
      }),
      { numRuns: 100 },
    )
  })

  it('makes one mark, with a count, of starts of one moment in one row that got no Redis', () => {
    const make = eventMaker()
    const at = 1_700_000_000_000
    const start = (index: number, instance: string, jobKey: string) => [
      make(at + index, instance, {
        type: 'call.asked',
        jobType: 'ai-review',
        jobKey,
        callId: `call-${index}`,
        policy: 'reject',
        parentExecutionId: null,
      }),
      make(at + 1_900 + index, instance, {
        type: 'call.answered',
        callId: `call-${index}`,
        outcome: 'noRedis',
        executionId: null,
        tookMs: 1_900,
        code: 'STORAGE_UNAVAILABLE',
        message: '',
      }),
    ]
    const events = [
      ...[1, 2, 3].flatMap((index) => start(index, 'instance-1', 'r1')),
      // Another job, another row, and another moment.
      ...start(4, 'instance-1', 'r2'),
      ...start(5, 'instance-2', 'r1'),
      ...start(500, 'instance-1', 'r1'),
    ]
    const { shapes, items, labels } = laidOut({ model: modelOf(snapshotOf(events)), now: at + 4_000 }, 15_000)
    expect(shapes.filter(({ kind }) => kind === 'stub')).toHaveLength(4)
    expect(items.map(({ say }) => say())).toContain(
      '3 starts of review r1 on instance-1: no Redis after 1.9 s; nothing ran',
    )
    expect(labels.map(({ text }) => text)).toContain('3 no Redis')
  })

  it('shows which instance computed a shared value, and which got it', () => {
    const make = eventMaker()
    const at = 1_700_000_000_000
    const none = { fromMemory: 0, fromRedis: 0, shared: 0, loaded: 0, refusedFills: 0, bypassed: 0 }
    const sample = (instance: string, counts: object) =>
      make(at, instance, { type: 'cache.sample', instance, namespace: 'analysis', ...none, ...counts })
    const events = [
      sample('instance-1', { loaded: 1 }),
      sample('instance-2', { shared: 1 }),
      // It found it in its own memory: that is no work which others did.
      sample('instance-3', { fromMemory: 2 }),
    ]
    const { shapes, items, labels } = laidOut({ model: modelOf(snapshotOf(events)), now: at + 4_000 }, 15_000)
    expect(shapes.map((shape) => (shape.kind === 'sign' ? shape.sign : shape.kind))).toEqual([
      'loaded',
      'shared',
    ])
    expect(labels.map(({ text }) => text).toSorted()).toEqual(['analysis computed', 'analysis shared'])
    expect(items.map(({ row, say }) => [row, say()])).toEqual([
      ['instance-1', 'instance-1 computed analysis; the cache keeps it for all'],
      ['instance-2', 'instance-2 got analysis from the cache, and computed nothing'],
    ])
  })

  it('is the same for the same input', () => {
    fc.assert(
      fc.property(histories(), spans, (history, span) => {
        const said = (): unknown => {
          const { items, ...layout } = laidOut(history, span)
          return { ...layout, items: items.map(({ say, ...item }) => ({ ...item, words: say() })) }
        }
        expect(said()).toEqual(said())
      }),
      { numRuns: 20 },
    )
  })

  it('keeps the rows where they are while the stories go on that the tour tells', () => {
    const [begin, moments] = [1_700_000_000_000, STORY_SECONDS * 4]
    const events = story(begin)
    const rowsAt = (now: number) => {
      const known = events.filter(({ at }) => at <= now)
      return laidOut({ model: modelOf(snapshotOf(known)), now }, 45_000).rows.map(({ y, h }) => [y, h])
    }
    const first = rowsAt(begin)
    for (let moment = 1; moment <= moments; moment += 1) {
      expect([moment, rowsAt(begin + moment * 250)]).toEqual([moment, first])
    }
  })

  it('folds more than 12 instances to one line each', () => {
    fc.assert(
      fc.property(histories(), (history) => {
        const rows = laidOut(history, 45_000).rows.filter(({ kind }) => kind === 'instance')
        expect(rows.every(({ isFolded }) => isFolded)).toBe(history.model.instances.size > 12)
      }),
    )
  })
})

describe('the story', () => {
  const now = 1_700_000_046_000
  const model: Model = modelOf(snapshotOf(story(now - STORY_SECONDS * 1_000), now))
  const layout = laidOut({ model, now }, 48_000)
  const words = layout.labels.map(({ text }) => text)

  it('is said on the picture itself', () => {
    expect(words).toEqual(
      expect.arrayContaining([
        'late write refused: fence 1 is older than 2',
        'took over at 50 %',
        'killed',
        'restarted',
        'frozen',
        'woke up',
        'lease over',
        'stopped 3.0 s',
        'kept running',
        'no Redis',
      ]),
    )
  })

  it('merges starts that were turned away at one moment, in each row', () => {
    const away = layout.shapes.filter((shape) => shape.kind === 'sign' && shape.sign === 'away')
    expect(away).toMatchObject([{ count: 4 }, { count: 4 }, { count: 4 }])
    expect(words.filter((text) => text === '4 turned away')).toHaveLength(3)
  })

  it('names everything that can be pointed at', () => {
    const names = layout.items.map(({ say }) => say())
    expect(names).toContain(
      'review #142, 2nd attempt, on instance-3: took over from instance-1 at 50 %, done in 4.5 s',
    )
    expect(names).toContain('4 starts of risk #141 on instance-3 turned away: it runs on instance-2')
    expect(names.filter((name) => name.trim() === '')).toEqual([])
  })

  it('puts a child below its parent', () => {
    const yOf = (id: string): number => layout.shapes.find((shape) => shape.id === id)?.y ?? Number.NaN
    expect(yOf('risk-143-a')).toBeGreaterThan(yOf('report-143-a'))
  })

  it('marks the job that is selected in all rows', () => {
    const scale = timeScale(model.since ?? now, 48_000, 692, busyTimes(model, now), now)
    const { shapes } = layoutOf({
      model,
      now,
      scale,
      left: scale.xOf(now) - 692,
      width: WIDTH,
      edge: null,
      measure: (text) => text.length * 6,
      headHeight: 0,
      selected: 'ai-review:r142',
      before: null,
    })
    const selected = shapes.filter((shape) => 'isSelected' in shape && shape.isSelected)
    expect(new Set(selected.map(({ kind }) => kind))).toEqual(new Set(['bar', 'wait', 'sign']))
    expect(selected.filter(({ kind }) => kind === 'bar').map(({ id }) => id)).toEqual([
      '8fK2wqQm1c',
      '8fK2wqyT3A',
    ])
  })
})
