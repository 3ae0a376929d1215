import { expect, it } from 'vitest'
import { cron } from '../../src/cron/cron.ts'
import { executionsDue } from '../../src/recurring/executions.ts'
import type { Misfire } from '../../src/wire/recurring.ts'

const at = (iso: string): number => Date.parse(`${iso}Z`)
const iso = (ms: number | undefined): string | undefined =>
  ms === undefined ? undefined : new Date(ms).toISOString().replace(/(:00)?\.000Z$/, '')

function executions(
  { expression, timeZone = 'UTC', misfire }: { expression: string; timeZone?: string; misfire: Misfire },
  after: string,
  now: string,
): { readonly due: readonly (string | undefined)[]; readonly next: string | undefined } {
  const { due, next } = executionsDue(cron(expression, timeZone), misfire, at(after), at(now))
  return { due: due.map(iso), next: iso(next) }
}

const hourly = { expression: '0 * * * *' }
const paris = { expression: '30 2 * * *', timeZone: 'Europe/Paris' }

it('nothing is due before its time, in any mode', () => {
  for (const misfire of ['once', 'every', 'ignore'] as const)
    expect(executions({ ...hourly, misfire }, '2026-11-29T10:00', '2026-11-29T10:59:59.999')).toEqual({
      due: [],
      next: '2026-11-29T11:00',
    })
})

it('once: however many were missed, one runs now', () => {
  const once = { ...hourly, misfire: 'once' } as const
  expect(executions(once, '2026-11-29T07:30', '2026-11-29T10:12:13.456')).toEqual({
    due: ['2026-11-29T10:12:13.456Z'],
    next: '2026-11-29T11:00',
  })
  expect(executions(once, '2026-11-29T09:59:59.999', '2026-11-29T10:00')).toEqual({
    due: ['2026-11-29T10:00'],
    next: '2026-11-29T11:00',
  })
})

it('every: all that were missed run, each for its own time', () => {
  expect(executions({ ...hourly, misfire: 'every' }, '2026-11-29T07:30', '2026-11-29T10:00')).toEqual({
    due: ['2026-11-29T08:00', '2026-11-29T09:00', '2026-11-29T10:00'],
    next: '2026-11-29T11:00',
  })
})

it('every: a hundred at a time, and the next is the first of the rest', () => {
  const { due, next } = executions(
    { expression: '* * * * * *', misfire: 'every' },
    '2026-11-29T07:00:00',
    '2026-11-30T07:00:00',
  )
  expect(due).toHaveLength(100)
  expect([due.at(0), due.at(-1), next]).toEqual(
    ['2026-11-29T07:00:01', '2026-11-29T07:01:40', '2026-11-29T07:01:41'].map((text) => iso(at(text))),
  )
})

it('ignore: what is a minute late does not run, what is less late does', () => {
  const ignore = { ...hourly, misfire: 'ignore' } as const
  expect(executions(ignore, '2026-11-29T07:30', '2026-11-29T10:01')).toEqual({
    due: ['2026-11-29T10:00'],
    next: '2026-11-29T11:00',
  })
  expect(executions(ignore, '2026-11-29T07:30', '2026-11-29T10:01:00.001')).toEqual({
    due: [],
    next: '2026-11-29T11:00',
  })
})

it('HF#529, HF#537: a time that the clock of the zone leaves out runs at the jump, one that comes twice runs once', () => {
  // 29 March 2026: 02:00 is 03:00 in Paris.
  expect(executions({ ...paris, misfire: 'every' }, '2026-03-28T12:00', '2026-03-30T12:00')).toEqual({
    due: ['2026-03-29T01:00', '2026-03-30T00:30'],
    next: '2026-03-31T00:30',
  })
  // 25 October 2026: 03:00 is 02:00 again.
  expect(executions({ ...paris, misfire: 'every' }, '2026-10-24T12:00', '2026-10-26T12:00')).toEqual({
    due: ['2026-10-25T00:30', '2026-10-26T01:30'],
    next: '2026-10-27T01:30',
  })
  // A scheduler that looks between both of them finds nothing.
  expect(executions({ ...paris, misfire: 'once' }, '2026-10-25T00:30', '2026-10-25T01:30')).toEqual({
    due: [],
    next: '2026-10-26T01:30',
  })
})

it('HF#567: a zone by its name in Windows is the same zone', () => {
  const windows = { ...paris, timeZone: 'Romance Standard Time', misfire: 'every' } as const
  expect(executions(windows, '2026-03-28T12:00', '2026-03-30T12:00')).toEqual(
    executions({ ...paris, misfire: 'every' }, '2026-03-28T12:00', '2026-03-30T12:00'),
  )
})

it('what never comes is never due', () => {
  expect(
    executions({ expression: '0 0 31 2 *', misfire: 'once' }, '2026-01-01T00:00', '2026-11-29T00:00'),
  ).toEqual({
    due: [],
    next: undefined,
  })
})
