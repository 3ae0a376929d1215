import { expect, it } from 'vitest'
import { cron } from '../../src/cron/cron.ts'
import { executionsDue } from '../../src/recurring/executions.ts'
import { recurringExecution } from '../../src/recurring/recurring-execution.ts'
import { recurringUpdate } from '../../src/recurring/recurring-update.ts'
import { decodeDate, encodeDate } from '../../src/wire/dates.ts'
import type { Dialect } from '../../src/wire/dialect.ts'
import type { Fields } from '../../src/wire/fields.ts'
import { type StoredRecurringJob, decodeRecurringJob } from '../../src/wire/recurring.ts'
import { type Dump, JOB, RECURRING, dumps, hashesAt } from '../dumps.ts'
import { meaning } from '../same-meaning.ts'

const dialectOf = ({ level, types }: Dump): Dialect => ({
  dates: level === '110' ? 'iso' : 'ms',
  typeNames: types,
})

/** Recurring jobs of Core 1.8: 1.7 gives the recurring job itself a queue. */
const written = dumps
  .filter(({ name }) => name.startsWith('1.'))
  .flatMap((dump) => hashesAt(dump, RECURRING).map(([id, fields]) => ({ dump, id, fields })))
const scheduleOf = ({ invocation, cron: expression = '', timeZone, misfire }: StoredRecurringJob) => ({
  invocation: invocation ?? { type: '', method: '', parameterTypes: [], arguments: [] },
  cron: expression,
  timeZone,
  times: cron(expression, timeZone),
  misfire,
})

it('a recurring job that Node adds is the one that .NET added at that instant', () => {
  const added = written.filter(({ fields }) => fields.LastExecution === undefined)
  expect(added.length).toBeGreaterThan(30)
  for (const { dump, id, fields } of added) {
    const schedule = scheduleOf(decodeRecurringJob(fields))
    const now = decodeDate(fields.CreatedAt ?? '') ?? 0
    const change = { id, before: {}, schedule, dialect: dialectOf(dump), now }
    const own = recurringUpdate({ ...change, mode: 'own' })
    expect(meaning(own.fields), `${dump.name} ${id}`).toEqual(meaning(fields))
    expect(own.score * 1_000).toBe(decodeDate(fields.NextExecution ?? ''))
    // In a shared prefix .NET adds what is missing here.
    const { NextExecution: _, ...rest } = fields
    const shared = recurringUpdate({ ...change, mode: 'shared' })
    expect(meaning(shared.fields)).toEqual(meaning(rest))
    // Added once more it changes nothing.
    const again = recurringUpdate({ ...change, before: fields, mode: 'shared', now: now + 1_000 })
    expect(again).toMatchObject({ score: own.score, how: 'keep' })
    expect(meaning({ ...fields, ...again.fields })).toEqual(meaning(fields))
  }
})

it('a job that Node makes of a recurring job is the one that .NET made', () => {
  let made = 0
  for (const dump of dumps.filter(({ name }) => /fired/.test(name))) {
    const jobs = new Map(hashesAt(dump, JOB))
    for (const [id, fields] of hashesAt(dump, RECURRING)) {
      const stored = decodeRecurringJob(fields)
      const { invocation: call, lastExecution: at = 0, lastJobId: jobId = '' } = stored
      const job = jobs.get(jobId)
      if (job === undefined || call === undefined) continue
      const now = decodeDate(job.CreatedAt ?? '') ?? 0
      const { times, misfire } = scheduleOf(stored)
      const triggered = misfire === 'once'
      // .NET looked 4 s after its time: that is not missed.
      if (!triggered)
        expect(executionsDue(times, misfire, at - 1, now)).toEqual({ due: [at], next: stored.nextExecution })
      expect(times.nextAfter(at)).toBe(stored.nextExecution)
      const execution = { id, jobId, call, queue: call.queue ?? 'default', at, now, reason: '' }
      const { fields: ours = {} } = recurringExecution(execution, dialectOf(dump))
      expect(comparable(ours, dump, call.queue), `${dump.name} ${id}`).toEqual(
        comparable(job, dump, job.Queue),
      )
      expect(fields.LastExecution).toBe(
        encodeDate(at, dialectOf(dump).dates).replace('0000Z', fields.LastExecution?.slice(-5) ?? ''),
      )
      made += 1
    }
  }
  expect(made).toBeGreaterThanOrEqual(8)
})

/** Without what a later state left, what level 180 leaves out, and a queue that 1.9.4 does not save. */
function comparable(fields: Fields, { name }: Dump, queue: string | undefined): unknown {
  const { CurrentUICulture: _, State: __, Queue, ...rest } = fields
  return meaning({ ...rest, ...(queue === undefined || name.startsWith('1.9.4') ? {} : { Queue }) })
}
