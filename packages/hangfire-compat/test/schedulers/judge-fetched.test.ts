import { expect, it } from 'vitest'
import { type FetchedEntry, WATCHER_LIMITS, judgeFetched } from '../../src/schedulers/judge-fetched.ts'
import { ServerPulses } from '../../src/schedulers/server-pulses.ts'
import type { Fields } from '../../src/wire/fields.ts'

const now = 1_795_906_647_840
const ago = (ms: number): string => String(now - ms)

const running: FetchedEntry = {
  exists: true,
  state: 'Processing',
  fetched: ago(1_000),
  checked: undefined,
  enqueueAt: undefined,
  isOfDeadServer: false,
}
const untimed: FetchedEntry = { ...running, fetched: undefined }

it.for<[what: string, entry: FetchedEntry, judgement: string]>([
  ['runs', running, 'leave'],
  ['has run for longer than the time-out', { ...running, fetched: ago(1_800_000) }, 'requeue'],
  ['has run for nearly that long', { ...running, fetched: ago(1_799_999) }, 'leave'],
  ['was taken by a server that died', { ...running, fetched: ago(60_000), isOfDeadServer: true }, 'requeue'],
  ['was taken just now, and names the dead server of before', { ...running, isOfDeadServer: true }, 'leave'],
  [
    'a dead server enqueued, and a living one took',
    { ...running, state: 'Enqueued', fetched: ago(60_000), isOfDeadServer: true },
    'leave',
  ],
  ['has no time', untimed, 'mark'],
  ['has no time, of a dead server', { ...untimed, isOfDeadServer: true }, 'mark'],
  ['has no time that can be read', { ...untimed, fetched: 'soon' }, 'mark'],
  ['was seen without a time just now', { ...untimed, checked: ago(59_999) }, 'leave'],
  ['was seen without a time a minute ago', { ...untimed, checked: ago(60_000) }, 'requeue'],
  ['was seen when no one can read', { ...untimed, checked: 'then' }, 'mark'],
  [
    'has a time of level 110, without its Z',
    { ...running, fetched: '2026-11-28T22:27:27.8400000' },
    'requeue',
  ],
  ['is gone', { ...running, exists: false, state: undefined }, 'remove'],
  ['has succeeded', { ...running, state: 'Succeeded' }, 'remove'],
  ['is deleted', { ...untimed, state: 'Deleted' }, 'remove'],
  ['has failed just now', { ...running, state: 'Failed' }, 'leave'],
  ['has failed long ago', { ...running, state: 'Failed', fetched: ago(1_800_000) }, 'remove'],
  ['waits for another job', { ...untimed, state: 'Awaiting', checked: ago(60_000) }, 'remove'],
  [
    'H12: waits for its retry',
    { ...untimed, state: 'Scheduled', enqueueAt: now + 1, checked: ago(60_000) },
    'remove',
  ],
  [
    'H12: was due, and was taken from the queue',
    { ...untimed, state: 'Scheduled', enqueueAt: now, checked: ago(60_000) },
    'requeue',
  ],
  ['has a state that is none of Hangfire', { ...untimed, state: 'Paused', checked: ago(60_000) }, 'requeue'],
])('a fetched job that %s', ([, entry, judgement]) => {
  expect(judgeFetched(entry, now, WATCHER_LIMITS)).toBe(judgement)
})

it('a server is dead when Redis forgot its start, or its sign of life did not change for the time-out', () => {
  const pulses = new ServerPulses(300_000, 60_000)
  const at = (heartbeat: string | undefined, ms: number): readonly string[] => {
    const hash = { StartedAt: '1', ...(heartbeat === undefined ? {} : { Heartbeat: heartbeat }) }
    return [
      ...pulses.look(
        new Map<string, Fields>([
          ['a', hash],
          ['b', { Heartbeat: '7' }],
          ['c', {}],
        ]),
        ms,
      ),
    ]
  }
  expect(at(undefined, 0)).toEqual(['b', 'c'])
  expect(at(undefined, 60_000)).toEqual(['b', 'c'])
  expect(at('5', 120_000)).toEqual(['b', 'c'])
  for (let ms = 180_000; ms < 420_000; ms += 60_000) expect(at('5', ms)).toEqual(['b', 'c'])
  expect(at('5', 420_000)).toEqual(['a', 'b', 'c'])
  // Any change of it is life, whatever its clock says.
  expect(at('0', 480_000)).toEqual(['b', 'c'])
})

it('a process that stood still takes no server for dead that it could not see', () => {
  const pulses = new ServerPulses(300_000, 60_000)
  const look = (ms: number): number =>
    pulses.look(new Map([['a', { StartedAt: '1', Heartbeat: '1' }]]), ms).size
  expect(look(0)).toBe(0)
  expect(look(3_600_000)).toBe(0)
  expect(look(7_200_000)).toBe(0)
  expect(look(10_800_000)).toBe(1)
})
