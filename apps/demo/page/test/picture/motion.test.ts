import { describe, expect, it } from 'vitest'
import { createArrows } from '../../src/picture/arrows.ts'
import { createGlide } from '../../src/picture/glide.ts'
import type { LineShape } from '../../src/picture/shapes.ts'

describe('a glide', () => {
  const SHOWN = { span: 45_000, right: 1_000_000 }

  it('goes from what is shown to what was chosen, and is over', () => {
    const { at, note } = createGlide(() => 250)
    expect(at(45_000, 45_000, 0)).toEqual({ span: 45_000, from: null, share: 1 })
    note(SHOWN)
    expect(at(5_000, 5_000, 1_000)).toEqual({ span: 45_000, from: 1_000_000, share: 0 })
    const half = at(5_000, 5_000, 1_125)
    expect(half.from).toBe(1_000_000)
    expect(half.span).toBeGreaterThan(5_000)
    expect(half.span).toBeLessThan(45_000)
    expect(at(5_000, 5_000, 1_250)).toEqual({ span: 5_000, from: null, share: 1 })
  })

  it('begins only when something else was chosen: all that is known grows all the time', () => {
    const { at, note } = createGlide(() => 250)
    at(null, 60_000, 0)
    note(SHOWN)
    expect(at(null, 61_000, 1_000)).toEqual({ span: 61_000, from: null, share: 1 })
  })

  it('is no glide for those who do not want to see things move, or who wait for it', () => {
    const still = createGlide(() => 0)
    const { at, note, finish } = createGlide(() => 250)
    for (const glide of [still, { at, note }]) {
      glide.at(45_000, 45_000, 0)
      glide.note(SHOWN)
    }
    finish()
    for (const end of [still.at(5_000, 5_000, 10), at(5_000, 5_000, 10)])
      expect(end).toEqual({ span: 5_000, from: null, share: 1 })
  })
})

describe('the arrow of a takeover', () => {
  const line = { id: 't:1', x1: 10, y1: 20, x2: 110, y2: 220, isSelected: false } as const
  const lines: readonly LineShape[] = [
    { ...line, kind: 'takeover' },
    { ...line, id: 'd:1', kind: 'drop' },
  ]

  it('draws itself once', () => {
    const { drawn } = createArrows(() => 400)
    expect(drawn(lines, 0)).toEqual({ lines: [{ ...lines[0], x2: 10, y2: 20 }, lines[1]], isMoving: true })
    const [half] = drawn(lines, 200).lines
    expect(half?.x2).toBeGreaterThan(10)
    expect(half?.x2).toBeLessThan(110)
    expect(drawn(lines, 400)).toEqual({ lines, isMoving: false })
    expect(drawn([], 500)).toEqual({ lines: [], isMoving: false })
    expect(drawn(lines, 600)).toEqual({ lines, isMoving: false })
  })

  it('is there at once for those who do not want to see things move', () => {
    expect(createArrows(() => 0).drawn(lines, 0)).toEqual({ lines, isMoving: false })
  })
})
