/** What is old is removed, by one instance at each tick. */
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { createHoldfast, memoryStorage } from '@holdfast/core'
import { pino } from 'pino'
import { expect, it, onTestFinished } from 'vitest'
import { startCleanUp } from '../src/instances/clean-up.ts'
import { type Store, openStore } from '../src/store/store.ts'
import { temporaryFolder } from './repository.ts'

function open(path = ':memory:'): Store {
  const store = openStore(path)
  onTestFinished(() => store.close())
  return store
}

function addReview(store: Store, id: string): void {
  const commits = { repository: '/shop', baseCommit: 'b', headCommit: 'h' }
  store.reviews.add({ ...commits, id, title: id, reviewer: 'local' })
  const owner = {
    jobType: 'ai-review',
    reviewId: id,
    kind: 'ai-review',
    instance: 'i',
    fencingToken: 1,
  } as const
  store.life.take(owner)
  store.effects.saveComments(owner, ['good'])
  store.life.finish(owner, 'nothing')
}

function testify(store: Store, event: 'begin' | 'stage' | 'end'): void {
  const run = { jobType: 'ai-review', jobKey: 'r', executionId: 'e', attempt: 1, instance: 'i', client: 'c' }
  store.witness.record({ ...run, event, detail: '' })
}

const order = (slot: number, keepMs = -1) => ({ slot, keepMs, instance: 'i', fencingToken: 1 })

it('removes finished reviews and log lines that are old, once for each tick', () => {
  const store = open()
  for (const id of ['waits', 'merged', 'rejected']) addReview(store, id)
  const decide = (reviewId: string, act: 'approve' | 'reject' | 'merge', seen: number) =>
    store.life.decide({ reviewId, act, seen })
  decide('merged', 'approve', 3)
  decide('merged', 'merge', 4)
  decide('rejected', 'reject', 3)
  for (const event of ['begin', 'stage', 'stage', 'end'] as const) testify(store, event)

  expect(store.sweep(order(1, 60_000))).toEqual({ reviews: [], lines: 0 })
  expect(store.sweep(order(2))).toEqual({ reviews: ['merged', 'rejected'], lines: 2 })
  expect(store.sweep(order(2))).toBeUndefined()
  expect(['waits', 'merged', 'rejected'].map((id) => store.reviews.find(id)?.state)).toEqual([
    'HumanReview',
    undefined,
    undefined,
  ])
  expect(store.effects.comments('merged', 'ai-review')).toEqual([])
  expect(store.life.notices('rejected')).toEqual([])
  expect(store.life.notices('waits')).toHaveLength(2)
  expect(store.witness.all().map(({ event }) => event)).toEqual(['begin', 'end'])
})

it('leaves alone what a job uses, or will use in a moment, and what a late job has left behind goes', () => {
  const path = join(temporaryFolder(), 'shared.sqlite')
  const store = open(path)
  const ids = ['idle', 'asked-for', 'running', 'long ended', 'long gone']
  const run = (jobKey: string, event: 'begin' | 'end') =>
    store.witness.record({
      jobType: 'risk-assessment',
      jobKey,
      executionId: 'e',
      attempt: 1,
      instance: 'i',
      client: 'c',
      event,
      detail: '',
    })
  for (const id of ids) {
    addReview(store, id)
    store.life.decide({ reviewId: id, act: 'reject', seen: 3 })
  }
  for (const id of ['running', 'long ended', 'long gone']) run(id, 'begin')
  run('long ended', 'end')
  const hour = 3_600_000
  const database = new DatabaseSync(path)
  onTestFinished(() => database.close())
  database.exec(`UPDATE review_moves SET at = at - ${hour}; UPDATE job_runs SET at = at - ${hour};
    UPDATE job_runs SET at = at - ${24 * hour} WHERE job_key = 'long gone'`)
  expect(store.reviews.use('asked-for')).toBe(true)
  expect(store.reviews.use('nobody')).toBe(false)
  const opinion = { model: 'm', problem: null, findings: 0, dropped: 0, leftOut: [] }
  for (const id of ['gone before', 'running']) store.secondOpinions.save(id, 1, opinion)

  expect(store.sweep(order(1, 60_000))?.reviews).toEqual(['idle', 'long ended', 'long gone'])
  expect(store.secondOpinions.find('gone before')).toBeUndefined()
  expect(store.secondOpinions.find('running')).toMatchObject({ model: 'm' })
  run('running', 'end')
  expect(store.sweep(order(2, 60_000))?.reviews).toEqual([])
  expect(store.sweep(order(3))?.reviews).toEqual(['asked-for', 'running'])
})

it('gives no place of a row to a later one, which a reader would miss', () => {
  const path = join(temporaryFolder(), 'shared.sqlite')
  const [writer, reader] = [open(path), open(path)]
  testify(writer, 'begin')
  testify(writer, 'stage')
  expect(reader.journal.next()?.runs).toHaveLength(2)
  expect(writer.sweep(order(1))).toMatchObject({ lines: 0 })
  testify(writer, 'stage')
  expect(writer.sweep(order(2))).toMatchObject({ lines: 1 })
  testify(writer, 'end')
  expect(reader.journal.next()).toMatchObject({
    runs: [{ event: 'stage' }, { event: 'end' }],
    cleanUps: [{ slot: 1 }, { slot: 2, instance: 'i', reviews: [], lines: 1 }],
  })
})

it('is done by one of all instances at each tick', async () => {
  const path = join(temporaryFolder(), 'shared.sqlite')
  const [storage, reader] = [memoryStorage(), open(path)]
  const log = pino({ level: 'silent' })
  const settings = { schedule: '* * * * * *', keepMs: 60_000 }
  for (const instance of ['instance-1', 'instance-2', 'instance-3']) {
    const holdfast = createHoldfast({ storage, prefix: 'AIReview', instance })
    const stop = startCleanUp({ settings, instance, holdfast, store: open(path), log })
    onTestFinished(async () => {
      stop()
      await holdfast.close()
    })
  }
  const slots: number[] = []
  const winners: string[] = []
  const read = (): number => {
    for (const { slot, instance } of reader.journal.next()?.cleanUps ?? []) {
      slots.push(slot)
      winners.push(instance)
    }
    return slots.length
  }
  await expect.poll(read, { timeout: 60_000 }).toBeGreaterThanOrEqual(3)
  expect(new Set(slots).size).toBe(slots.length)
  expect(slots.every((slot) => slot % 1_000 === 0)).toBe(true)
  expect(winners.every((winner) => /^instance-[123]$/.test(winner))).toBe(true)
})
