import { describe, expect, it } from 'vitest'
import { decodeCall, encodeCall, signatureOf } from '../../src/jobs/job-definition.ts'
import { detectDialect, requireDialect } from '../../src/wire/detect-dialect.ts'
import type { Dialect } from '../../src/wire/dialect.ts'
import {
  decodeInvocationFields,
  decodePayload,
  encodeInvocationFields,
  encodePayload,
} from '../../src/wire/invocation.ts'
import { decodeJob, decodeText, encodeJob, queueOfJob } from '../../src/wire/job-hash.ts'
import { decodeRecurringJob, encodeRecurringJob } from '../../src/wire/recurring.ts'
import { decodeScheduleMember } from '../../src/wire/schedule.ts'
import { decodeServer, encodeServer } from '../../src/wire/servers.ts'
import { decodeState, encodeState } from '../../src/wire/states.ts'
import {
  decodeHistoryEntry,
  decodeStateHash,
  encodeHistoryEntry,
  encodeStateHash,
} from '../../src/wire/stored-state.ts'
import { type Dump, JOB, PREFIX, RECURRING, SERVER, STATE, apiOf, dumps, hashesAt } from '../dumps.ts'
import { jobs } from '../jobs-of-the-fixtures.ts'
import { meaning } from '../same-meaning.ts'

const bySignature = new Map(jobs.map((job) => [signatureOf(job), job]))

function dialectOf(dump: Dump): Dialect {
  const given: Partial<Dialect> = { dates: dump.level === '110' ? 'iso' : 'ms', typeNames: dump.types }
  return requireDialect(PREFIX, detectDialect(samplesOf(dump)), given)
}

function samplesOf(dump: Dump): Parameters<typeof detectDialect>[0] {
  const hashes = (pattern: RegExp): Readonly<Record<string, string>>[] =>
    hashesAt(dump, pattern).map(([, fields]) => fields)
  return { servers: hashes(SERVER), jobs: hashes(JOB), recurringJobs: hashes(RECURRING) }
}

/** All that was decoded, so that none of the checks below can pass by looking at nothing. */
const seen = { jobs: 0, states: 0, history: 0, servers: 0, recurring: 0, calls: 0, said: 0 }

describe.each(dumps.map((dump) => [dump.name, dump] as const))('the dump %s', (_name, dump) => {
  const dialect = dialectOf(dump)

  it('has jobs that are read, and written again with the same meaning', () => {
    for (const [, fields] of hashesAt(dump, JOB)) {
      const job = decodeJob(fields)
      const { CurrentCulture = '""', CurrentUICulture, Time, ...others } = job.parameters
      expect(others).toEqual({})
      const { stateName = '', retryCount, recurringJobId, fetchedAt } = job
      const written = encodeJob(
        {
          invocation: job.invocation,
          createdAt: job.createdAt,
          stateName,
          culture: decodeText('CurrentCulture', CurrentCulture),
          continuations: job.continuations,
          ...(retryCount === 0 ? {} : { retryCount }),
          ...(recurringJobId === undefined ? {} : { recurringJobId }),
          ...(Time === undefined ? {} : { recurredAt: Number(Time) * 1_000 }),
        },
        dialect,
      )
      // Fetched is no part of a new job, and level 180 leaves out a culture that says nothing new.
      const { Fetched, ...stored } = fields
      expect(fetchedAt === undefined).toBe(Fetched === undefined)
      const withCulture = { CurrentUICulture: CurrentUICulture ?? CurrentCulture, ...stored }
      expect(meaning(written)).toEqual(meaning(withCulture))
      expect(written.ParameterTypes).toBe(fields.ParameterTypes)
      seen.jobs += 1
    }
  })

  it('has calls whose arguments and types are those of their definitions', () => {
    const payloads = hashesAt(dump, RECURRING).map(([, { Job = '' }]) => decodePayload(Job))
    for (const call of [
      ...hashesAt(dump, JOB).map(([, fields]) => decodeInvocationFields(fields)),
      ...payloads,
    ]) {
      const job = bySignature.get(signatureOf(call))
      if (job === undefined) throw new Error(`no definition for ${signatureOf(call)}`)
      const values = decodeCall(job, call)
      // Definitions hold values to their parameters.
      const written = encodeCall(job, values as never, dialect, call.queue)
      expect(encodeInvocationFields({ ...written, arguments: [] })).toEqual(
        encodeInvocationFields({ ...call, arguments: [] }),
      )
      expect(written.arguments.map(meaning)).toEqual(call.arguments.map(meaning))
      seen.calls += 1
    }
  })

  it('has states and history entries that are read, and written again with the same meaning', () => {
    for (const [, fields] of hashesAt(dump, STATE)) {
      const stored = decodeStateHash(fields)
      const state = stored && decodeState(stored)
      if (state === undefined) throw new Error(`unknown state ${fields.State}`)
      expect(meaning(encodeStateHash(encodeState(state, dialect)))).toEqual(meaning(fields))
      seen.states += 1
    }
    for (const [key, entries] of dump.lists) {
      if (!key.endsWith(':history')) continue
      for (const text of entries) {
        const entry = decodeHistoryEntry(text)
        const state = decodeState(entry)
        if (state === undefined) throw new Error(`unknown state ${text}`)
        const written = encodeHistoryEntry(
          { ...encodeState(state, dialect), createdAt: entry.createdAt },
          dialect.dates,
        )
        expect(meaning(written)).toEqual(meaning(text))
        // .NET writes them in this order, too.
        expect(Object.keys(JSON.parse(written) as object)).toEqual(Object.keys(JSON.parse(text) as object))
        seen.history += 1
      }
    }
  })

  it('has servers and recurring jobs that are read, and written again with the same meaning', () => {
    for (const [, fields] of hashesAt(dump, SERVER)) {
      expect(meaning(encodeServer(decodeServer(fields), dialect.dates))).toEqual(meaning(fields))
      seen.servers += 1
    }
    for (const [, fields] of hashesAt(dump, RECURRING)) {
      const {
        invocation,
        cron = '',
        createdAt = 0,
        lastExecution,
        lastJobId,
        ...job
      } = decodeRecurringJob(fields)
      if (invocation === undefined) throw new Error('no job')
      const written = encodeRecurringJob({ ...job, invocation, cron, createdAt }, dialect)
      // The one who runs it sets both.
      const { LastExecution, LastJobId, ...rest } = fields
      expect([lastExecution === undefined, lastJobId]).toEqual([LastExecution === undefined, LastJobId])
      // Level 170 and the storage before 1.9 have a queue of the recurring job itself.
      expect(meaning({ ...written, Queue: rest.Queue })).toEqual(meaning(rest))
      expect(encodePayload(invocation, dialect.dates)).toBe(fields.Job)
      seen.recurring += 1
    }
  })

  it('shows its dialect', () => {
    const { dates, typeNames, mixed } = detectDialect(samplesOf(dump))
    if (hashesAt(dump, JOB).length > 0) {
      expect({ dates, typeNames }).toEqual({ dates: dialect.dates, typeNames: dialect.typeNames })
    }
    expect(mixed).toEqual({ dates: false, typeNames: false })
  })

  it('has its jobs where schedule, queues and states say', () => {
    const scheduled = (dump.members.get(`${PREFIX}schedule`) ?? []).map(decodeScheduleMember)
    for (const { id, queue } of scheduled) {
      const job = dump.hashes.get(`${PREFIX}job:${id}`)
      expect(job?.State).toBe('Scheduled')
      // Storage 1.9.4 does not save the queue.
      if (queue !== undefined && job?.Queue !== undefined) expect(job.Queue).toBe(queue)
    }
    for (const [key, ids] of dump.lists) {
      const [, queue] = /:queue:([^:]+)$/.exec(key) ?? []
      for (const id of queue === undefined ? [] : ids) {
        const { Queue: stateQueue, State: name } = dump.hashes.get(`${PREFIX}job:${id}:state`) ?? {}
        const explicit = dump.hashes.get(`${PREFIX}job:${id}`)?.Queue
        const isKnown = name === 'Enqueued' && (explicit !== undefined || stateQueue !== 'default')
        if (isKnown) expect(queueOfJob(stateQueue ?? '', explicit)).toBe(queue)
      }
    }
  })

  it('is read as IMonitoringApi read it', () => {
    for (const said of apiOf(dump)) {
      if (said.event !== 'job' || said.exists !== true) continue
      const job = decodeJob(dump.hashes.get(`${PREFIX}job:${String(said.id)}`) ?? {})
      const history = dump.lists.get(`${PREFIX}job:${String(said.id)}:history`) ?? []
      const read = history.map(decodeHistoryEntry).map(({ name, reason, data, createdAt }) => ({
        StateName: name,
        Reason: reason,
        CreatedAt: createdAt,
        Data: data,
      }))
      const told = (said.history as readonly { readonly CreatedAt: string }[]).map((entry) => ({
        ...entry,
        CreatedAt: Math.floor(Date.parse(entry.CreatedAt)),
      }))
      // It lists the newest first.
      expect(read).toEqual(told[0]?.CreatedAt === read[0]?.CreatedAt ? told : told.toReversed())
      expect(job.createdAt).toBe(Date.parse(String(said.createdAt)))
      expect(job.invocation.queue ?? null).toBe(said.queue)
      seen.said += 1
    }
  })
})

it('are many', () => {
  expect(seen.jobs).toBeGreaterThan(200)
  expect(seen.calls).toBeGreaterThan(seen.jobs)
  expect(seen.states).toBe(seen.jobs)
  expect(seen.history).toBeGreaterThan(400)
  expect(seen.servers).toBeGreaterThan(40)
  expect(seen.recurring).toBeGreaterThan(40)
  expect(seen.said).toBeGreaterThan(150)
})
