import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { busyTimes } from '../../../src/picture/busy.ts'
import { BEYOND, drawContent } from '../../../src/picture/draw/content.ts'
import { fingerprintOf } from '../../../src/picture/draw/fingerprint.ts'
import type { Palette } from '../../../src/picture/draw/palette.ts'
import { layoutOf } from '../../../src/picture/layout.ts'
import type { Layout } from '../../../src/picture/shapes.ts'
import { type TimeScale, timeScale } from '../../../src/picture/time-scale.ts'
import { STORY_END, storyModel } from '../../story-model.ts'
import { histories, type History } from '../histories.ts'

const WIDTH = 720
const TILE = 128

const PALETTE: Palette = {
  colours: new Proxy({} as Palette['colours'], { get: (_, token) => String(token) }),
  hatch: 'hatch',
  outage: 'outage',
  dots: 'dots',
  fonts: { label: 'label', pill: 'pill', rank: 'rank', axis: 'axis' },
}

interface Drawn {
  readonly layout: Layout
  readonly scale: TimeScale
  readonly end: number
}

function laidOut({ model, now }: History, selected: string | null): Drawn {
  const scale = timeScale(model.since ?? now, 45_000, WIDTH, busyTimes(model, now), now)
  const end = scale.xOf(now)
  const layout = layoutOf({
    model,
    now,
    scale,
    left: end - WIDTH,
    width: WIDTH,
    measure: (text) => text.length * 6,
    edge: null,
    headHeight: 0,
    selected,
    before: null,
  })
  return { layout, scale, end }
}

/** All that is done to the canvas for one tile, in words. */
function painted({ layout, scale }: Drawn, left: number): readonly string[] {
  const said: string[] = []
  const context = new Proxy({} as CanvasRenderingContext2D, {
    get:
      (_, name) =>
      (...given: readonly unknown[]) =>
        void said.push(`${String(name)}(${given.map(word).join(' ')})`),
    set: (_, name, value) => {
      said.push(`${String(name)} = ${word(value)}`)
      return true
    },
  })
  const right = left + TILE
  drawContent(context, layout, scale, { left, right, end: right + 1_000, clip: right }, PALETTE)
  return said
}

const word = (value: unknown): string => (typeof value === 'number' ? value.toFixed(1) : String(value))

describe('the fingerprint of a tile', () => {
  it('is another one when anything else is to be painted', () => {
    let different = 0
    fc.assert(
      fc.property(histories(), fc.constantFrom(...LISTS), fc.nat(), fc.nat(), (history, list, which, key) => {
        const before = laidOut(history, null)
        const { layout, end } = withOneChange(before.layout, list, which, key)
        const after = { ...before, layout }
        for (let left = 0; left + TILE <= before.end; left += TILE) {
          // The end of a lease that stays left or right of the tile is painted and not seen.
          if (end !== undefined && (end < left - BEYOND || end - FURTHER > left + TILE + BEYOND)) continue
          const isSame = painted(before, left).join('\n') === painted(after, left).join('\n')
          if (isSame) continue
          different += 1
          const [one, other] = [before, after].map(({ layout, scale }) =>
            fingerprintOf(layout, scale, left, left + TILE),
          )
          expect(one).not.toBe(other)
        }
      }),
      { numRuns: 300 },
    )
    // Else it would say nothing.
    expect(different).toBeGreaterThan(100)
  })

  it('is the same while time goes on and nothing else happens', () => {
    const history = { model: storyModel(), now: STORY_END }
    const [before, after] = [laidOut(history, null), laidOut({ ...history, now: STORY_END + 200 }, null)]
    const first = Math.ceil((after.end - WIDTH) / TILE)
    // Near now there may be room for one more label.
    const tiles = Array.from({ length: 3 }, (_, index) => (first + index) * TILE)
    const prints = [before, after].map(({ layout, scale }) =>
      tiles.map((left) => fingerprintOf(layout, scale, left, left + TILE)),
    )
    expect(new Set(prints[0]).size).toBe(tiles.length)
    expect(prints[1]).toEqual(prints[0])
  })
})

/** By how much a number is changed. */
const FURTHER = 7

const LISTS = ['bands', 'lines', 'shapes', 'labels', 'rows'] as const

/** What a value that is one of some words becomes. */
const WORDS: Readonly<Record<string, string>> = {
  state: 'failed',
  end: 'result',
  sign: 'refused',
  tone: 'stop',
  ground: 'plate',
  icon: 'snow',
  form: 'pill',
  text: 'other words',
}

/** Where a bar or a band ends outside of the tile does not matter. */
function counts(list: (typeof LISTS)[number], name: string): boolean {
  return !(list === 'shapes' || list === 'bands') || (name !== 'x' && name !== 'w')
}

interface Changed {
  readonly layout: Layout
  /** Where the lease of a bar ends now, if that is what differs. */
  readonly end: number | undefined
}

/** A layout of which one thing differs in one way. */
function withOneChange(layout: Layout, list: (typeof LISTS)[number], which: number, key: number): Changed {
  const all: readonly object[] = layout[list]
  const index = which % Math.max(1, all.length)
  const thing = all[index]
  if (thing === undefined) return { layout, end: undefined }
  const fields = Object.entries(thing).filter(
    ([name, value]) =>
      name in WORDS || typeof value === 'boolean' || (typeof value === 'number' && counts(list, name)),
  )
  const [name, value] = fields[key % fields.length] ?? ['', '']
  const other =
    typeof value === 'number' ? value + FURTHER : typeof value === 'boolean' ? !value : WORDS[name]
  const end = name === 'leaseOverX' && typeof other === 'number' ? other : undefined
  return { layout: { ...layout, [list]: all.with(index, { ...thing, [name]: other }) }, end }
}
