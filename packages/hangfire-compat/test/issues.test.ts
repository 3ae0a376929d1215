/**
 * Public issues of Hangfire (HF) and of Hangfire.Redis.StackExchange (RS) that the wire format decides. Those that need a server,
 * a lock or a second process are in `hostile/issues.test.ts`.
 */
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { HangfireUnreadableError, HangfireUnsupportedError, defineHangfireJob, t } from '../src/index.ts'
import { knownJobs } from '../src/storage/known-jobs.ts'
import { cron } from '../src/cron/cron.ts'
import { parseCron } from '../src/cron/cron-fields.ts'
import { decodeCall, encodeCall } from '../src/jobs/job-definition.ts'
import { decodeContinuations } from '../src/wire/continuations.ts'
import { decodeDate, encodeDate } from '../src/wire/dates.ts'
import { detectDialect, requireDialect } from '../src/wire/detect-dialect.ts'
import type { Dialect } from '../src/wire/dialect.ts'
import { decodeJob, encodeJob } from '../src/wire/job-hash.ts'
import { checkPrefixOnCluster, hangfireKeys } from '../src/wire/keys.ts'
import { pagesBrokenByHistory, pagesBrokenByJob, pagesBrokenByServer } from '../src/wire/page-rules.ts'
import { checkQueueName } from '../src/wire/queue-name.ts'
import { decodeRecurringJob, encodeRecurringJob } from '../src/wire/recurring.ts'
import { decodeScheduleMember, scoreOf } from '../src/wire/schedule.ts'
import { encodeServer } from '../src/wire/servers.ts'
import { encodeState } from '../src/wire/states.ts'
import { encodeHistoryEntry, encodeStateHash } from '../src/wire/stored-state.ts'

const dialect: Dialect = { dates: 'ms', typeNames: 'simple' }
const at = Date.UTC(2026, 10, 28, 22, 52, 56, 182)
const mail = defineHangfireJob({
  type: 'Acme.Mail, Acme',
  method: 'Send',
  parameters: [t.nullable(t.dateTime), t.nullable(t.object<{ To?: string }>('Acme.IMessage, Acme'))],
})
const call = encodeCall(mail, [null, null], dialect)
const refused = expect.objectContaining({ code: 'INVALID_ARGUMENT' }) as object

/** What research found: every one has a test that names it, here or beside what it is about. */
const found = [
  'RS#30 RS#38 RS#42 RS#47 RS#61 RS#65 RS#67 RS#68 RS#75 RS#82 RS#88 RS#89 RS#90 RS#91 RS#96 RS#106 RS#108 RS#118 RS#123',
  'RS#135 RS#136 RS#148 RS#151 RS#153 RS#154 RS#158 RS#164',
  'HF#164 HF#363 HF#508 HF#529 HF#537 HF#550 HF#567 HF#590 HF#595 HF#632 HF#662 HF#695 HF#859 HF#860 HF#883 HF#896 HF#935',
  'HF#936 HF#941 HF#957 HF#970 HF#972 HF#994 HF#998 HF#1025 HF#1053 HF#1080 HF#1106 HF#1165 HF#1197 HF#1362 HF#1404 HF#1470',
  'HF#1522 HF#1533 HF#1685 HF#1732 HF#1823 HF#1830 HF#1837 HF#1960 HF#2021 HF#2080 HF#2091 HF#2143 HF#2155 HF#2359 HF#2361',
  'HF#2413 HF#2430 HF#2462 HF#2483 HF#2536 HF#2568 HF#2591',
].flatMap((line) => line.split(' '))

it('every issue that was found is named by the title of a test', () => {
  const title = /\bit(?:\.[^(]+\([^)]*\))?\(\s*['"`]([^'"`]+)/g
  const titles = globSync('**/*.test.ts', { cwd: import.meta.dirname }).flatMap((file) =>
    Array.from(readFileSync(join(import.meta.dirname, file), 'utf8').matchAll(title), ([, each = '']) =>
      each.replaceAll(' PR#', '#'),
    ),
  )
  const named = new Set(titles.flatMap((each) => each.match(/\b(?:RS|HF)#\d+/g) ?? []))
  expect(found.filter((issue) => !named.has(issue))).toEqual([])
})

describe('an issue of Hangfire', () => {
  it('RS#42, RS#68, HF#2143: a prefix without a hash tag is refused on a cluster, and any prefix works elsewhere', () => {
    expect(() => checkPrefixOnCluster('Tahrir_Hangfire_Prod_2')).toThrow(refused)
    expect(hangfireKeys('Tahrir_Hangfire_Prod_2').queue('default')).toBe(
      'Tahrir_Hangfire_Prod_2queue:default',
    )
  })

  it('HF#595, HF#1533, HF#1522, HF#1837, HF#1823, HF#1732, HF#2155, HF#2359, HF#2483, HF#2568: in a shared prefix a definition names a type that .NET can load, and unknown recurring jobs stay as they are', () => {
    const nodeOnly = defineHangfireJob({ type: 'node:reviews', method: 'run' })
    expect(() => knownJobs('shared').add(nodeOnly)).toThrow(refused)
    knownJobs('own').add(nodeOnly)
    expect(() => decodeRecurringJob({ V: '3', Job: '{"t":"Acme.New, Acme","m":"Run"}' })).toThrow(
      HangfireUnsupportedError,
    )
  })

  it('HF#529, HF#537, HF#567, HF#2462: zones and their clocks are followed as Hangfire follows them', () => {
    const daily = cron('30 2 * * *', 'Romance Standard Time')
    expect(daily.nextAfter(Date.UTC(2026, 2, 28, 12))).toBe(Date.UTC(2026, 2, 29, 1))
    expect(daily.nextAfter(Date.UTC(2026, 9, 25, 0, 30))).toBe(Date.UTC(2026, 9, 26, 1, 30))
    expect(() => cron('0 0 * * *', 'Nowhere Standard Time')).toThrow(refused)
  })

  it('HF#970, HF#972, HF#695, HF#363, HF#1470: kinds of dates, nullables, interfaces, $type and $values are read, and never guessed', () => {
    const read = (...texts: (string | null)[]): readonly unknown[] =>
      decodeCall(mail, { ...call, arguments: texts })
    const date = new Date('2025-01-02T03:04:05Z')
    for (const text of [
      '"2025-01-02T03:04:05Z"',
      '2025-01-02T03:04:05.0000000Z',
      '"2025-01-02T03:04:05"',
      '"2025-01-02T05:04:05+02:00"',
    ])
      expect(read(text, null)).toEqual([date, null])
    expect(read(null, '{"$type":"Acme.Letter, Acme","To":"ann"}')).toEqual([null, { To: 'ann' }])
    expect(read('null', '{"To":{"$type":"T","$values":[1]}}')).toEqual([null, { To: [1] }])
    expect(() => read('"soon"', null)).toThrow(HangfireUnreadableError)
    expect(() => read(null)).toThrow(HangfireUnreadableError)
    // What is sent never chooses a type in .NET.
    const sent = { $type: 'Evil, Evil', To: 'ann' }
    expect(encodeCall(mail, [date, sent], dialect).arguments[1]).toBe('{"To":"ann"}')
  })

  it('HF#550, HF#508, HF#957, HF#2091: queues are written by the rule, and read whatever their name', () => {
    expect(() => checkQueueName('queue', 'DEFAULT')).toThrow(refused)
    expect(decodeScheduleMember('&*asd!#:42')).toEqual({ id: '42', queue: '&*asd!#' })
  })

  it('HF#883, HF#941, HF#1362, HF#1165, HF#860, HF#994, RS PR#82: what is written breaks no page', () => {
    const state = encodeState({ name: 'Enqueued', enqueuedAt: at, queue: 'default' }, dialect)
    const job = encodeJob({ invocation: call, createdAt: at, stateName: state.name }, dialect)
    expect(encodeStateHash(state).State).toBe(job.State)
    expect([
      ...pagesBrokenByJob(job, true),
      ...pagesBrokenByHistory(encodeHistoryEntry({ ...state, createdAt: at }, dialect.dates)),
      ...pagesBrokenByServer(encodeServer({ startedAt: at }, dialect.dates)),
    ]).toEqual([])
  })

  it('HF#1404: a bad cron expression is refused, and a job that .NET disabled says why', () => {
    for (const expression of ['0 0 * *', '0 0 32 * *', 'H * * * *'])
      expect(() => parseCron(expression)).toThrow(refused)
    const disabled = { Cron: 'x', V: '2', Error: 'CronFormatException', RetryAttempt: '5', NextExecution: '' }
    expect(decodeRecurringJob(disabled)).toMatchObject({ error: 'CronFormatException', retryAttempt: 5 })
    expect(decodeRecurringJob(disabled)).not.toHaveProperty('nextExecution')
  })

  it('HF#2591, HF#2536, HF#1830, HF#2021, HF#2430: children are found by what their parent lists, in every form', () => {
    expect(decodeContinuations('[{"JobId":"a","Options":1},{"JobId":"b"}]')).toEqual([
      { jobId: 'a', on: 'succeeded' },
      { jobId: 'b', on: 'any' },
    ])
  })

  it('RS#164: no score lies before its time', () => {
    expect(scoreOf(at) * 1_000).toBeGreaterThanOrEqual(at)
    expect(scoreOf(at) * 1_000 - at).toBeLessThan(1_000)
  })

  it('RS#47, RS#148, RS#154: null and empty queues are never written', () => {
    const job = encodeJob(
      { invocation: { ...call, queue: '' }, createdAt: at, stateName: 'Enqueued' },
      dialect,
    )
    const recurring = encodeRecurringJob(
      { invocation: call, cron: '* * * * *', timeZone: 'UTC', createdAt: at },
      dialect,
    )
    for (const text of Object.values({ ...job, ...recurring })) expect(typeof text).toBe('string')
    expect(job).not.toHaveProperty('Queue')
    expect(() => encodeCall(mail, [undefined, null] as never, dialect)).toThrow(refused)
  })

  it('HF#1777: nothing is written in a dialect that was guessed', () => {
    expect(() => requireDialect('{hangfire}:', detectDialect({}))).toThrow(
      expect.objectContaining({ code: 'HANGFIRE_DIALECT_UNKNOWN' }),
    )
  })

  it('dba.stackexchange 291903: dates are UTC, on a machine of any zone', () => {
    const zone = process.env.TZ
    process.env.TZ = 'America/New_York'
    try {
      expect(new Date(at).getTimezoneOffset()).toBe(300)
      expect(decodeDate('2026-11-28T22:52:56.1820000')).toBe(at)
      expect(encodeDate(at, 'iso')).toBe('2026-11-28T22:52:56.1820000Z')
      const job = decodeJob({
        Type: 'A, B',
        Method: 'C',
        Arguments: '[]',
        CreatedAt: '2026-11-28T22:52:56.1820000',
      })
      expect(job.createdAt).toBe(at)
      expect(cron('0 0 * * *').nextAfter(at)).toBe(Date.UTC(2026, 10, 29))
    } finally {
      if (zone === undefined) delete process.env.TZ
      else process.env.TZ = zone
    }
  })
})
