/** What the client writes, held against what .NET wrote for the same calls. */
import { randomUUID } from 'node:crypto'
import { Redis } from 'ioredis'
import { afterAll, describe, expect, it } from 'vitest'
import { decodeCall, signatureOf } from '../../src/jobs/job-definition.ts'
import type { Dialect } from '../../src/wire/dialect.ts'
import { decodeInvocationFields } from '../../src/wire/invocation.ts'
import { decodeJob } from '../../src/wire/job-hash.ts'
import { hangfireKeys } from '../../src/wire/keys.ts'
import { decodeScheduleMember } from '../../src/wire/schedule.ts'
import { decodeState } from '../../src/wire/states.ts'
import { decodeHistoryEntry, decodeStateHash } from '../../src/wire/stored-state.ts'
import { type Dump, JOB, PREFIX, dumps, hashesAt } from '../dumps.ts'
import { jobs } from '../jobs-of-the-fixtures.ts'
import { clients } from '../locks/node-peer.ts'
import { meaning } from '../same-meaning.ts'
import { openHangfire } from './open-hangfire.ts'

const url = process.env['REDIS_URL'] ?? ''
const admin = new Redis(url)
afterAll(() => admin.disconnect())

const bySignature = new Map(jobs.map((job) => [signatureOf(job), job]))
const created = dumps.filter(({ name }) => /created\.|^01|^07/.test(name))
const theirs = hangfireKeys(PREFIX)

/** Dates, and the order in which two processes looked at a clock, are no part of the meaning. */
function withoutDates(fields: Readonly<Record<string, string>>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(fields).flatMap(([name, text]) =>
      // Level 180 leaves out the second culture; Node runs in the invariant one.
      name.endsWith('Culture') ? [] : [[name, name.endsWith('At') ? 'a date' : meaning(text)]],
    ),
  )
}

function dialectOf({ level, types }: Dump): Pick<Dialect, 'dates' | 'typeNames'> {
  return { dates: level === '110' ? 'iso' : 'ms', typeNames: types }
}

/** The queue in which .NET put a job, or will put it. Storage 1.9.4 says so nowhere else. */
function queueIn({ lists, members }: Dump, id: string): string | undefined {
  const [key = ''] =
    [...lists].find(([name, ids]) => name.startsWith(theirs.queue('')) && ids.includes(id)) ?? []
  const member = members.get(theirs.schedule)?.find((each) => each.endsWith(id)) ?? id
  return key === '' ? decodeScheduleMember(member).queue : key.slice(theirs.queue('').length)
}

let compared = 0

describe.concurrent.each(created.map((dump) => [dump.name, dump] as const))('beside %s', (_name, dump) => {
  it.for(clients)('the same calls leave the same data, over %s', async (client) => {
    const prefix = `{${randomUUID()}}:`
    const ours = hangfireKeys(prefix)
    // What a full name says of an assembly, data of the application shows.
    const known = hashesAt(dump, JOB).find(([, { ParameterTypes = '' }]) =>
      ParameterTypes.includes('Hangfire.Core'),
    )
    const [, sample = {}] = known ?? hashesAt(dump, JOB)[0] ?? []
    const sampleId = randomUUID()
    await admin.hset(ours.job(sampleId), sample)
    await admin.lpush(ours.succeeded, sampleId)
    await using open = await openHangfire(client, url, { prefix, ...dialectOf(dump) })
    const byAge = hashesAt(dump, JOB).toSorted(
      ([, a], [, b]) => decodeJob(a).createdAt - decodeJob(b).createdAt,
    )
    for (const [id, fields] of byAge) {
      const call = decodeInvocationFields(fields)
      const job = bySignature.get(signatureOf(call))
      const stored = decodeStateHash(dump.hashes.get(theirs.jobState(id)) ?? {})
      const state = stored && decodeState(stored)
      if (job === undefined || state === undefined) throw new Error(`${id} has no definition or no state`)
      const queue = queueIn(dump, id) ?? fields.Queue ?? 'default'
      const explicit = queue === 'default' ? {} : { queue }
      const values = decodeCall(job, call) as never
      if (state.name === 'Enqueued') await open.hangfire.jobs.enqueue(job, values, { id, ...explicit })
      else if (state.name === 'Scheduled')
        await open.hangfire.jobs.schedule(job, values, { id, ...explicit, at: new Date(state.enqueueAt) })
      else if (state.name === 'Awaiting')
        await open.hangfire.jobs.continueWith(state.parentId, job, values, { id, ...explicit, on: state.on })
      else throw new Error(`a ${state.name} job`)

      // The parent's list is complete when its last child is there. An attribute's queue is written, too.
      const { Continuations: _, ...rest } = fields
      const expected = queue === 'default' ? rest : { ...rest, Queue: queue }
      expect(withoutDates(await admin.hgetall(ours.job(id)))).toEqual(withoutDates(expected))
      const stateOf = (hash: Readonly<Record<string, string>>): unknown =>
        withoutDates({ ...hash, ...(hash.State === 'Enqueued' ? { Queue: queue } : {}), NextState: '' })
      const hash = await admin.hgetall(ours.jobState(id))
      expect(stateOf(hash)).toEqual(stateOf(dump.hashes.get(theirs.jobState(id)) ?? {}))
      const entriesOf = (lines: readonly string[]): unknown =>
        lines.map((line) => {
          const { name, reason, data } = decodeHistoryEntry(line)
          return [name, reason, stateOf({ ...data, State: name }), Object.keys(JSON.parse(line) as object)]
        })
      const history = await admin.lrange(ours.jobHistory(id), 0, -1)
      expect(entriesOf(history)).toEqual(entriesOf(dump.lists.get(theirs.jobHistory(id)) ?? []))
      compared += 1
    }
    // Lists in their order; the queue of a scheduled job is not written into the schedule.
    for (const queue of await admin.smembers(ours.queues))
      expect(await admin.lrange(ours.queue(queue), 0, -1)).toEqual(dump.lists.get(theirs.queue(queue)))
    const scheduled = await admin.zrange(ours.schedule, '0', '-1')
    const members = (dump.members.get(theirs.schedule) ?? []).map((member) => member.slice(-36))
    expect(scheduled.toSorted()).toEqual(members.toSorted())
    for (const [id, { Continuations: list }] of byAge)
      expect(meaning((await admin.hget(ours.job(id), 'Continuations')) ?? undefined)).toEqual(meaning(list))
    expect(await admin.exists(ours.awaiting)).toBe(0)
  })
})

it('compares something', () => {
  expect(compared).toBeGreaterThan(200)
})
