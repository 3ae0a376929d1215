import { describe, expect, it } from 'vitest'
import { decodeDate } from '../../src/wire/dates.ts'
import type { Dialect } from '../../src/wire/dialect.ts'
import { decodeJob } from '../../src/wire/job-hash.ts'
import { hangfireKeys, lockResources } from '../../src/wire/keys.ts'
import { decodeRecurringJob } from '../../src/wire/recurring.ts'
import { decodeScheduleMember, scoreOf } from '../../src/wire/schedule.ts'
import { decodeServer, encodeServer } from '../../src/wire/servers.ts'
import { decodeState, encodeState } from '../../src/wire/states.ts'
import {
  decodeHistoryEntry,
  decodeStateHash,
  encodeHistoryEntry,
  encodeStateHash,
} from '../../src/wire/stored-state.ts'
import { PREFIX } from '../dumps.ts'
import { meaning } from '../same-meaning.ts'
import { type MonitoredCommand, transcripts } from '../transcripts.ts'

/** One transcript has two programs of different levels. */
const dialectOf = (json: string): Dialect => ({
  dates: /At":"\d+-|"Expiration":/.test(json) ? 'iso' : 'ms',
  typeNames: 'simple',
})

const keys = hangfireKeys(PREFIX)

/** Hashes as the commands so far left them. */
type Hashes = Map<string, Record<string, string>>

function apply(
  hashes: Hashes,
  { name, args: [key = '', ...args] }: MonitoredCommand,
): Record<string, string> | undefined {
  if (name === 'HSET' || name === 'HMSET') {
    const fields = { ...hashes.get(key) }
    for (let i = 0; i < args.length; i += 2) fields[args[i] ?? ''] = args[i + 1] ?? ''
    hashes.set(key, fields)
    return fields
  }
  if (name === 'HDEL')
    hashes.set(
      key,
      Object.fromEntries(Object.entries(hashes.get(key) ?? {}).filter(([field]) => !args.includes(field))),
    )
  if (name === 'DEL' || name === 'UNLINK') hashes.delete(key)
  return undefined
}

const seen = { jobs: 0, states: 0, history: 0, servers: 0, recurring: 0, scores: 0, locks: 0, published: 0 }

describe.each(transcripts.map(({ name, commands }) => [name, commands] as const))(
  'the transcript %s',
  (_name, commands) => {
    it('has jobs, states, servers and recurring jobs that are read at every moment', () => {
      const hashes: Hashes = new Map()
      for (const command of commands) {
        const [key = ''] = command.args
        const fields = apply(hashes, command)
        if (fields === undefined || !key.startsWith(PREFIX)) continue
        const name = key.slice(PREFIX.length)
        if (/^job:[^:]+$/.test(name) && fields.Type !== undefined) {
          expect(decodeJob(fields).stateName).toBe(fields.State)
          seen.jobs += 1
        } else if (/^job:[^:]+:state$/.test(name)) {
          const stored = decodeStateHash(fields)
          const state = stored && decodeState(stored)
          expect(
            meaning(state && encodeStateHash(encodeState(state, dialectOf(JSON.stringify(fields))))),
          ).toEqual(meaning(fields))
          seen.states += 1
        } else if (name.startsWith('server:') && fields.StartedAt !== undefined) {
          expect(
            meaning(encodeServer(decodeServer(fields), dialectOf(JSON.stringify(fields)).dates)),
          ).toEqual(meaning(fields))
          seen.servers += 1
        } else if (name.startsWith('recurring-job:') && fields.Job !== undefined) {
          expect(decodeRecurringJob(fields).cron).toBe(fields.Cron)
          seen.recurring += 1
        }
      }
    })

    it('has history entries that are written again as they were', () => {
      for (const { name, args } of commands) {
        const [key = '', text = ''] = args
        if (name !== 'RPUSH' || !key.endsWith(':history')) continue
        const entry = decodeHistoryEntry(text)
        const state = decodeState(entry)
        const dialect = dialectOf(text)
        const written =
          state &&
          encodeHistoryEntry({ ...encodeState(state, dialect), createdAt: entry.createdAt }, dialect.dates)
        // Level 110 has digits below the millisecond. .NET escapes no more than JSON has to.
        if (dialect.dates === 'ms') expect(written).toBe(text)
        else expect(meaning(written)).toEqual(meaning(text))
        seen.history += 1
      }
    })

    it('has scores that .NET rounds down, and this package up', () => {
      const hashes: Hashes = new Map()
      for (const command of commands) {
        apply(hashes, command)
        const [key, score = '', member = ''] = command.args
        if (command.name !== 'ZADD' || key !== keys.schedule) continue
        const enqueueAt = decodeDate(
          hashes.get(keys.jobState(decodeScheduleMember(member).id))?.EnqueueAt ?? '',
        )
        // The state may be written after it.
        if (enqueueAt === undefined) continue
        expect(Number(score)).toBe(Math.floor(enqueueAt / 1_000))
        expect(scoreOf(enqueueAt) * 1_000).toBeGreaterThanOrEqual(enqueueAt)
        seen.scores += 1
      }
    })

    it('takes the locks and speaks on the channel that this package knows', () => {
      for (const { name, args } of commands) {
        const [key = '', id = ''] = args
        if (name === 'PUBLISH' && key.startsWith(PREFIX)) {
          expect([key, id]).toEqual([keys.fetchChannel, expect.stringMatching(/^[0-9a-f-]{36}$/) as string])
          seen.published += 1
        }
        if (name !== 'SET' || !key.startsWith(PREFIX)) continue
        const resource = key.slice(PREFIX.length)
        const [, ofJob, recurring, queue] =
          /^(?:job:([^:]+):.*|lock:recurring-job:(.+)|queue:([^:]+):.*)$/.exec(resource) ?? []
        const { jobState, recurringJob, fetchedWatcher, recurringScheduler, delayedScheduler } = lockResources
        const known = [
          jobState(ofJob ?? ''),
          recurringJob(recurring ?? ''),
          fetchedWatcher(queue ?? ''),
        ].concat(
          [recurringScheduler, delayedScheduler, 'my lock', 'account:a1', 'ai-review:pr-42'],
          ['AiReviewJobs.Exclusive', 'AiReviewJobs.ProcessReviewAsync', 'Batch<List<Guid>>.Step.Run'],
        )
        expect(known).toContain(resource)
        seen.locks += 1
      }
    })
  },
)

it('are many', () => {
  expect(transcripts.length).toBeGreaterThan(20)
  for (const count of Object.values(seen)) expect(count).toBeGreaterThan(10)
})
