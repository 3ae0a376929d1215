import fc from 'fast-check'
import { expect, it } from 'vitest'
import { filterLines, jsonLines, rowsInView } from '../../src/log/log-lines.ts'
import type { LogLine } from '../../src/model/model.ts'
import type { LogFilter } from '../../src/view.ts'

const line = (seq: number, more: Partial<LogLine> = {}): LogLine => ({
  seq,
  at: Date.UTC(2026, 0, 1) + seq,
  instance: 'instance-1',
  level: 'info',
  message: 'begin',
  executionId: null,
  jobType: null,
  jobKey: null,
  ...more,
})

const lines = [
  line(1),
  line(2, { executionId: 'x', message: 'Took over at 50 %', instance: 'instance-2' }),
  line(3, { executionId: 'x', level: 'warn' }),
  line(4, { level: 'error' }),
]

const kept = (filter: Partial<LogFilter>): readonly number[] =>
  filterLines(lines, { executionId: null, instance: null, level: null, text: '', ...filter }).map(
    ({ seq }) => seq,
  )

it('filters by execution, instance, level and text, and by all of them together', () => {
  expect(kept({})).toEqual([1, 2, 3, 4])
  expect(kept({ executionId: 'x' })).toEqual([2, 3])
  expect(kept({ instance: 'instance-2' })).toEqual([2])
  expect(kept({ level: 'warn' })).toEqual([3, 4])
  expect(kept({ text: ' took OVER ' })).toEqual([2])
  expect(kept({ executionId: 'x', level: 'warn' })).toEqual([3])
})

it('copies one object a line, without what is not there', () => {
  const copied = jsonLines(lines.slice(1, 2))
  expect(copied.endsWith('\n')).toBe(true)
  expect(JSON.parse(copied)).toEqual({
    time: '2026-01-01T00:00:00.002Z',
    instance: 'instance-2',
    level: 'info',
    message: 'Took over at 50 %',
    executionId: 'x',
  })
})

it('shows every row that is in view, and few others', () => {
  const numbers = { count: fc.nat(3_000), height: fc.integer({ min: 15, max: 60 }), scroll: fc.nat(90_000) }
  fc.assert(
    fc.property(fc.record(numbers), ({ count, height, scroll }) => {
      const frame = 286
      const top = Math.min(scroll, Math.max(0, count * height - frame))
      const { first, end } = rowsInView(count, height, top, frame)
      expect(first * height).toBeLessThanOrEqual(top)
      expect(end * height).toBeGreaterThanOrEqual(Math.min(count * height, top + frame))
      expect(end - first).toBeLessThanOrEqual(Math.ceil(frame / height) + 18)
    }),
  )
})
