import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { cron } from '../../src/cron/cron.ts'
import { parseCron } from '../../src/cron/cron-fields.ts'
import { nextLocalMatch } from '../../src/cron/local-match.ts'

/** The next times after one, in UTC without seconds. */
function next(expression: string, after: string, count: number = 1, timeZone: string = 'UTC'): string[] {
  const { nextAfter } = cron(expression, timeZone)
  const times: string[] = []
  let from = Date.parse(after)
  for (let i = 0; i < count; i += 1) {
    const found = nextAfter(from)
    if (found === undefined) break
    times.push(new Date(found).toISOString().replace(/(:00)?\.000Z$/, ''))
    from = found
  }
  return times
}

describe('a cron expression', () => {
  it.each<readonly [string, string, string, readonly string[]]>([
    ['every minute', '* * * * *', '2026-11-28T22:52:56Z', ['2026-11-28T22:53', '2026-11-28T22:54']],
    ['seconds', '*/30 * * * * *', '2026-11-28T22:52:56Z', ['2026-11-28T22:53', '2026-11-28T22:53:30']],
    ['daily', '0 0 * * *', '2026-11-28T22:52:56Z', ['2026-11-29T00:00', '2026-11-30T00:00']],
    ['a time that is now counts as past', '0 0 * * *', '2026-11-29T00:00:00Z', ['2026-11-30T00:00']],
    ['a part of a second counts', '0 0 * * *', '2026-11-28T23:59:59.999Z', ['2026-11-29T00:00']],
    ['workdays', '0 3 * * 1-5', '2026-11-27T12:00:00Z', ['2026-11-30T03:00', '2026-12-01T03:00']],
    [
      'names in any case',
      '0 0 1 jan,Jun sUn-SAT',
      '2026-01-01T00:00:00Z',
      ['2026-06-01T00:00', '2027-01-01T00:00'],
    ],
    [
      'steps from a value',
      '10/20 5 * * *',
      '2026-01-01T00:00:00Z',
      ['2026-01-01T05:10', '2026-01-01T05:30', '2026-01-01T05:50', '2026-01-02T05:10'],
    ],
    [
      'steps of *, which begin anew each hour',
      '*/24 * * * *',
      '2026-01-01T00:00:00Z',
      ['2026-01-01T00:24', '2026-01-01T00:48', '2026-01-01T01:00'],
    ],
    [
      'lists',
      '30,45-15/2 1 * * *',
      '2026-01-01T01:57:00Z',
      ['2026-01-01T01:59', '2026-01-02T01:01', '2026-01-02T01:03'],
    ],
    [
      'a range over midnight',
      '0 23-1 * * *',
      '2026-01-01T12:00:00Z',
      ['2026-01-01T23:00', '2026-01-02T00:00', '2026-01-02T01:00', '2026-01-02T23:00'],
    ],
    [
      'a range over the end of the week',
      '0 0 ? * sat-tue/2',
      '2026-11-28T12:00:00Z',
      ['2026-11-30T00:00', '2026-12-05T00:00'],
    ],
    [
      'a range over the end of the year',
      '0 0 1 12-2 *',
      '2026-05-01T00:00:00Z',
      ['2026-12-01T00:00', '2027-01-01T00:00', '2027-02-01T00:00', '2027-12-01T00:00'],
    ],
    [
      'a range over the end of the month',
      '0 0 25-5/5 * *',
      '2026-01-26T00:00:00Z',
      ['2026-01-30T00:00', '2026-02-04T00:00', '2026-02-25T00:00'],
    ],
    [
      'Friday the thirteenth: both day fields',
      '0 0 13 * 5',
      '2026-03-14T00:00:00Z',
      ['2026-11-13T00:00', '2027-08-13T00:00'],
    ],
    ['Sunday as 0 and 7', '0 0 * * 7', '2026-11-28T00:00:00Z', ['2026-11-29T00:00']],
    ['a step over the week', '0 0 * * */5', '2026-11-23T00:00:00Z', ['2026-11-27T00:00', '2026-11-29T00:00']],
    [
      'months without the day',
      '0 0 31 * *',
      '2026-03-31T12:00:00Z',
      ['2026-05-31T00:00', '2026-07-31T00:00'],
    ],
    ['leap years', '0 0 29 2 *', '2096-03-01T00:00:00Z', ['2104-02-29T00:00']],
    ['the last day', '0 0 L * *', '2026-01-31T12:00:00Z', ['2026-02-28T00:00', '2026-03-31T00:00']],
    [
      'days before the last',
      '0 0 L-30 * *',
      '2026-01-02T00:00:00Z',
      ['2026-03-01T00:00', '2026-05-01T00:00'],
    ],
    [
      'the last weekday',
      '0 0 LW * *',
      '2026-01-01T00:00:00Z',
      ['2026-01-30T00:00', '2026-02-27T00:00', '2026-03-31T00:00'],
    ],
    [
      'a weekday before the last',
      '0 0 L-1W * *',
      '2026-05-01T00:00:00Z',
      ['2026-05-29T00:00', '2026-06-29T00:00'],
    ],
    ['the nearest weekday: Saturday', '0 0 15W * *', '2026-08-01T00:00:00Z', ['2026-08-14T00:00']],
    ['the nearest weekday: Sunday', '0 0 15W * *', '2026-11-01T00:00:00Z', ['2026-11-16T00:00']],
    [
      'the nearest weekday within the month: a first Saturday',
      '0 0 1W * *',
      '2026-07-31T00:00:00Z',
      ['2026-08-03T00:00'],
    ],
    [
      'the nearest weekday within the month: a last Sunday',
      '0 0 31W * *',
      '2026-05-01T00:00:00Z',
      ['2026-05-29T00:00', '2026-07-31T00:00'],
    ],
    ['the last Tuesday', '0 0 * * 2L', '2026-11-01T00:00:00Z', ['2026-11-24T00:00', '2026-12-29T00:00']],
    ['the third Saturday', '0 0 * * SAT#3', '2026-11-01T00:00:00Z', ['2026-11-21T00:00', '2026-12-19T00:00']],
    ['a fifth Friday', '0 0 * * 5#5', '2026-11-01T00:00:00Z', ['2027-01-29T00:00']],
    ['both kinds of L', '0 0 L * 2L', '2026-01-01T00:00:00Z', ['2026-03-31T00:00', '2026-06-30T00:00']],
    ['a step of ?', '?/30 * * * *', '2026-01-01T00:01:00Z', ['2026-01-01T00:30', '2026-01-01T01:00']],
    [
      'a range from Sunday as 7',
      '0 0 * * 7-2',
      '2026-11-28T00:00:00Z',
      ['2026-11-29T00:00', '2026-11-30T00:00'],
    ],
    [
      'no Sunday where Cronos loses it',
      '0 0 * * 7-4/2',
      '2026-11-28T00:00:00Z',
      ['2026-12-01T00:00', '2026-12-03T00:00'],
    ],
    ['? for *', '? ? ? ? ? ?', '2026-01-01T00:00:00Z', ['2026-01-01T00:00:01']],
    ['tabs and blanks', ' \t0\t 0 * *  * ', '2026-01-01T00:00:00Z', ['2026-01-02T00:00']],
    ['@weekly', '@Weekly', '2026-11-28T00:00:00Z', ['2026-11-29T00:00', '2026-12-06T00:00']],
    ['@yearly', '@yearly', '2026-11-28T00:00:00Z', ['2027-01-01T00:00']],
    ['@every_second', '@every_second', '2026-11-28T00:00:00Z', ['2026-11-28T00:00:01']],
    ['never, as Cron.Never', '0 0 31 2 *', '2026-11-28T00:00:00Z', []],
  ])('finds %s', (_what, expression, after, times) => {
    expect(next(expression, after, Math.max(times.length, 1))).toEqual(times)
  })

  it.each([
    '',
    '* * * *',
    '* * * * * * *',
    '60 * * * *',
    '* 24 * * *',
    '* * 0 * *',
    '* * 32 * *',
    '* * * 13 *',
    '* * * * 8',
    '-1 * * * *',
    '5- * * * *',
    ', * * * *',
    '1,, * * * *',
    '*/0 * * * *',
    '*/60 * * * *',
    '1/ * * * *',
    '1/k * * * *',
    '*,5 * * * *',
    '*-5 * * * *',
    'L * * * *',
    '* * W * *',
    '* * 1,2W * *',
    '* * 1-2W * *',
    '* * 1/2W * *',
    '* * L-31 * *',
    '* * MON * *',
    '* * * L *',
    '* * * * L',
    '* * * * SUNDAY',
    '* * * * 5#6',
    '* * * * 5#0',
    '* * * * 1,5L',
    '* * * JANUARY *',
    '@every_hour',
    '@',
    '?5 * * * *',
    '0 0 * * * 2026 x',
  ])('may not be %s', (expression) => {
    expect(() => parseCron(expression)).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }))
  })

  it.each(['H * * * *', 'H/15 * * * *', '0 H(0-7) * * *', '0 0 H * *'])(
    'may not have an H, which Hangfire does not know: %s',
    (expression) => {
      expect(() => parseCron(expression)).toThrow('Hangfire knows no H')
      expect(() => parseCron(expression)).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }))
    },
  )

  it('skips nothing and invents nothing: every match is found by looking at each second', () => {
    const part = (max: number): fc.Arbitrary<string> =>
      fc.oneof(
        fc.constant('*'),
        fc.integer({ min: 1, max }).map(String),
        fc
          .tuple(fc.integer({ min: 1, max }), fc.integer({ min: 1, max }), fc.integer({ min: 1, max: 5 }))
          .map(([a, b, s]) => `${a}-${b}/${s}`),
      )
    const expressions = fc
      .tuple(part(59), part(23), part(28), part(12), part(7))
      .map((parts) => parts.join(' '))
    const start = Date.UTC(2026, 0, 30, 23, 50)
    fc.assert(
      fc.property(expressions, (expression) => {
        const fields = parseCron(expression)
        const days = 'days' in fields.daysOfMonth ? fields.daysOfMonth.days : new Set<number>()
        const weekdays = 'days' in fields.daysOfWeek ? fields.daysOfWeek.days : new Set<number>()
        const matches = (ms: number): boolean => {
          const date = new Date(ms)
          return (
            fields.minutes.has(date.getUTCMinutes()) &&
            fields.hours.has(date.getUTCHours()) &&
            days.has(date.getUTCDate()) &&
            fields.months.has(date.getUTCMonth() + 1) &&
            weekdays.has(date.getUTCDay())
          )
        }
        let expected: number | undefined
        for (let ms = start; expected === undefined && ms < start + 4 * 86_400_000; ms += 60_000)
          if (matches(ms)) expected = ms
        const found = nextLocalMatch(fields, start)
        if (expected === undefined) expect(found ?? Infinity).toBeGreaterThanOrEqual(start + 4 * 86_400_000)
        else expect(found).toBe(expected)
      }),
    )
  })
})

describe('the clock of a zone', () => {
  it.each<readonly [string, string, string, string, readonly string[]]>([
    // Paris: 2026-03-29 02:00 +01:00 becomes 03:00 +02:00, and 2026-10-25 03:00 +02:00 becomes 02:00 +01:00.
    ['winter', '0 3 * * 1-5', 'Europe/Paris', '2026-11-28T22:52:56Z', ['2026-11-30T02:00']],
    [
      'a time that does not exist',
      '30 2 * * *',
      'Europe/Paris',
      '2026-03-28T12:00:00Z',
      ['2026-03-29T01:00', '2026-03-30T00:30'],
    ],
    [
      'an interval over the gap',
      '*/30 * * * *',
      'Europe/Paris',
      '2026-03-29T00:29:00Z',
      ['2026-03-29T00:30', '2026-03-29T01:00', '2026-03-29T01:30'],
    ],
    [
      'several times that do not exist',
      '0,30 2 * * *',
      'Europe/Paris',
      '2026-03-29T00:59:00Z',
      ['2026-03-29T01:00', '2026-03-30T00:00'],
    ],
    [
      'a time that comes twice',
      '30 2 * * *',
      'Europe/Paris',
      '2026-10-24T12:00:00Z',
      ['2026-10-25T00:30', '2026-10-26T01:30'],
    ],
    [
      'a time that comes twice, from between',
      '30 2 * * *',
      'Europe/Paris',
      '2026-10-25T01:00:00Z',
      ['2026-10-26T01:30'],
    ],
    [
      'a list of times that come twice',
      '0,30 2 * * *',
      'Europe/Paris',
      '2026-10-25T00:00:00Z',
      ['2026-10-25T00:30', '2026-10-26T01:00'],
    ],
    [
      'an interval of times that come twice',
      '*/30 2 * * *',
      'Europe/Paris',
      '2026-10-24T23:59:00Z',
      ['2026-10-25T00:00', '2026-10-25T00:30', '2026-10-25T01:00', '2026-10-25T01:30', '2026-10-26T01:00'],
    ],
    [
      'an hour after the clock jumped back',
      '0 3 * * *',
      'Europe/Paris',
      '2026-10-25T00:45:00Z',
      ['2026-10-25T02:00'],
    ],
    [
      'a yearly time within the gap',
      '30 2 29 3 *',
      'Europe/Paris',
      '2025-12-01T00:00:00Z',
      ['2026-03-29T01:00', '2027-03-29T00:30'],
    ],
    // Lord Howe: half an hour; 2026-04-05 02:00 +11:00 becomes 01:30 +10:30.
    [
      'half an hour back',
      '30 1 * * *',
      'Australia/Lord_Howe',
      '2026-04-04T00:00:00Z',
      ['2026-04-04T14:30', '2026-04-05T15:00'],
    ],
    [
      'half an hour back, an interval',
      '*/15 1 * * *',
      'Australia/Lord_Howe',
      '2026-04-04T14:20:00Z',
      ['2026-04-04T14:30', '2026-04-04T14:45', '2026-04-04T15:00', '2026-04-04T15:15', '2026-04-05T14:30'],
    ],
    // A day that is missing: Apia had no 2011-12-30.
    [
      'a missing day',
      '0 12 30 12 *',
      'Pacific/Apia',
      '2011-12-29T00:00:00Z',
      ['2011-12-30T10:00', '2012-12-29T22:00'],
    ],
    [
      'a midnight that does not exist',
      '0 0 * * *',
      'Africa/Cairo',
      '2026-04-23T00:00:00Z',
      ['2026-04-23T22:00', '2026-04-24T21:00'],
    ],
    ['a name of Windows', '0 3 * * *', 'Romance Standard Time', '2026-11-28T22:52:56Z', ['2026-11-29T02:00']],
    [
      'another name of Windows',
      '0 0 * * *',
      'E. South America Standard Time',
      '2026-11-28T22:52:56Z',
      ['2026-11-29T03:00'],
    ],
    ['a zone without jumps', '0 0 * * *', 'Asia/Kolkata', '2026-11-28T22:52:56Z', ['2026-11-29T18:30']],
  ])('is followed: %s', (_what, expression, zone, after, times) => {
    expect(next(expression, after, times.length, zone)).toEqual(times)
  })

  it.each([
    'Europe/Atlantis',
    '',
    '+02:00',
    'Local',
    'europe/paris',
    '../UTC',
    'Mars Standard Time',
    '__proto__',
  ])('is unknown in %s', (zone) => {
    expect(() => cron('* * * * *', zone)).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }))
  })

  it('is known for every name of Windows', async () => {
    const { windowsZones } = await import('../../src/cron/windows-zones.ts')
    for (const zone of Object.keys(windowsZones))
      expect(next('0 0 1 1 *', '2026-11-28T00:00:00Z', 1, zone)).toHaveLength(1)
    expect(Object.keys(windowsZones).length).toBeGreaterThan(130)
  })
})
