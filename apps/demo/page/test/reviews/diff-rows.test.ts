import fc from 'fast-check'
import { expect, it } from 'vitest'
import { type DiffRow, STEP, diffRows } from '../../src/reviews/diff-rows.ts'
import { fileOf, finding, unchanged } from './files.ts'

const lines = (rows: readonly DiffRow[]): readonly (number | null)[] =>
  rows.flatMap((row) => (row.kind === 'line' ? [row.line.newLine] : []))

it('shows a short file whole, its hunks under their heads', () => {
  const { rows } = diffRows(fileOf([unchanged(3, 2), unchanged(40, 1)]))
  expect(rows.map(({ kind }) => kind)).toEqual(['hunk', 'line', 'line', 'hunk', 'line'])
})

it('puts a finding under its line, and marks the line with the worst', () => {
  const { rows, above } = diffRows(fileOf([unchanged(1, 3)], [finding(2), finding(2, 'error')]))
  expect(rows.slice(2, 5)).toMatchObject([
    { kind: 'line', line: { newLine: 2 }, worst: 'error' },
    { kind: 'finding', finding: { severity: 'error' } },
    { kind: 'finding', finding: { severity: 'warning' } },
  ])
  expect(above).toEqual([])
})

it('puts a finding above the file when it is about the whole of it, or about a line that did not change', () => {
  const whole = finding(null)
  const elsewhere = finding(900)
  const { rows, above } = diffRows(fileOf([unchanged(1, 3)], [elsewhere, whole, finding(1)]))
  expect(above).toEqual([elsewhere, whole])
  expect(rows.filter(({ kind }) => kind === 'finding')).toHaveLength(1)
})

it('does not take the number of a removed line for that of a new one', () => {
  const removed = { kind: 'removed', oldLine: 7, newLine: null, text: 'gone' } as const
  const { above } = diffRows(fileOf([{ header: '@@', lines: [removed] }], [finding(7)]))
  expect(above).toHaveLength(1)
})

it('hides the middle of a long file, but not what is around a finding', () => {
  const { rows } = diffRows(fileOf([unchanged(1, 300)], [finding(200)]))
  const gaps = rows.filter((row) => row.kind === 'more')
  expect(gaps).toHaveLength(2)
  expect(lines(rows)).toEqual(expect.arrayContaining([1, 196, 200, 204]))
  expect(lines(rows)).not.toContain(195)
  expect(lines(rows)).not.toContain(205)
})

it('shows 20 more lines of a gap, and the end of the gap does not move', () => {
  const file = fileOf([unchanged(1, 300)])
  const first = diffRows(file).rows.find((row) => row.kind === 'more')
  const from = first?.from ?? 0
  const { rows } = diffRows(file, [{ from, to: from + STEP }])
  expect(rows.filter((row) => row.kind === 'more')).toEqual([
    { kind: 'more', from: from + STEP, to: first?.to },
  ])
})

it('loses no line and no finding, whatever is hidden and opened', () => {
  const hunks = fc.array(fc.integer({ min: 1, max: 150 }), { minLength: 1, maxLength: 4 })
  const stretches = fc.array(
    fc.record({ from: fc.integer({ min: 0, max: 700 }), to: fc.integer({ min: 0, max: 700 }) }),
    { maxLength: 4 },
  )
  const places = fc.array(fc.integer({ min: 1, max: 5000 }), { maxLength: 8 })
  fc.assert(
    fc.property(hunks, stretches, places, (sizes, opened, at) => {
      const file = fileOf(
        sizes.map((size, index) => unchanged(1 + index * 1000, size)),
        at.map((line) => finding(line)),
      )
      const { rows, above } = diffRows(file, opened)
      const count = sizes.reduce((sum, size) => sum + size, 0)
      const accounted = rows.flatMap((row) =>
        row.kind === 'line'
          ? [row.index]
          : row.kind === 'more'
            ? Array.from({ length: row.to - row.from }, (_, index) => row.from + index)
            : [],
      )
      expect(accounted).toEqual(Array.from({ length: count }, (_, index) => index))
      expect(rows.filter(({ kind }) => kind === 'finding').length + above.length).toBe(at.length)
    }),
  )
})
