import { renameSync } from 'node:fs'
import { join } from 'node:path'
import { createHoldfast, memoryStorage } from '@holdfast/core'
import { pino } from 'pino'
import { expect, it, onTestFinished } from 'vitest'
import { type Guard, withHoldfast, withoutHoldfast } from '../src/instances/guard.ts'
import { createJobRunner } from '../src/instances/job-runner.ts'
import type { CallOutcome } from '../src/instances/messages.ts'
import { JOB_TYPES, type JobType } from '../src/jobs/job.ts'
import { openRepository } from '../src/review/git-repository.ts'
import { localReviewer } from '../src/review/local-reviewer.ts'
import type { Reviewer } from '../src/review/reviewer.ts'
import { openStore } from '../src/store/store.ts'
import { createRepository } from './repository.ts'

/** One instance on memory storage with an empty database, and a review of a small change unless the test gives another. */
async function setUp({
  withReview = true,
  configured = true,
  reviewer = localReviewer() as Reviewer,
  guard = undefined as Guard | undefined,
} = {}) {
  const store = openStore(':memory:')
  const holdfast = createHoldfast({ storage: memoryStorage() })
  onTestFinished(async () => {
    await holdfast.close()
    store.close()
  })
  const outcomes: CallOutcome[] = []
  const logs: Record<string, unknown>[] = []
  const { fire } = createJobRunner({
    settings: {
      name: 'one',
      client: 'memory',
      databasePath: '',
      logPath: '',
      leaseMs: 10_000,
      paceMs: 0,
      withHoldfast: true,
    },
    guard: guard ?? withHoldfast(holdfast.idempotency, 10_000),
    store,
    reviewer,
    log: pino({ base: null }, { write: (line: string) => void logs.push(JSON.parse(line)) }),
    reports: { onOutcome: (outcome) => void outcomes.push(outcome), askBank: async () => undefined },
  })
  if (configured) store.reviews.addConfiguration({ name: 'local', provider: 'local', maxFiles: 10 })
  if (withReview) {
    const repository = createRepository()
    repository.commit({ 'a.ts': 'export const a = 1\n', 'package.json': '{}' })
    repository.commit({ 'a.ts': 'export const a = 1\ndebugger\n' }, 'Stop here')
    const range = await (await openRepository(repository.path)).resolveRange()
    const { base: baseCommit, head: headCommit } = range
    store.reviews.add({
      id: 'r1',
      repository: repository.path,
      baseCommit,
      headCommit,
      title: 'Test',
      author: 'Ada',
      reviewer: 'local',
    })
  }
  const run = (jobs: readonly JobType[]) => fire({ reviewId: 'r1', jobs, at: 0, onInProgress: 'reject' })
  return { store, holdfast, outcomes, logs, run }
}

it('reviews in ten stages and leaves findings, a comment, a notification and a result', async () => {
  const { store, holdfast, outcomes, run } = await setUp()
  await run(['ai-review'])
  expect(outcomes).toMatchObject([
    { jobType: 'ai-review', status: 'executed', message: '1 finding in 1 file' },
  ])
  const stages = store.witness.all().filter(({ event }) => event === 'stage')
  expect(stages.map(({ detail }) => detail)).toEqual([
    '10 Validate the request',
    '20 Check the configuration',
    '30 Mark as reviewing',
    '40 Build the diff',
    '50 Detect the languages',
    '60 Assemble context',
    '70 Analyse',
    '80 Save findings',
    '90 Charge the customer',
    '100 Notify',
  ])
  expect(store.reviews.find('r1')).toMatchObject({ state: 'HumanReview', version: 3, hasFailed: false })
  expect(store.effects.count('findings', 'r1')).toBe(1)
  expect(store.effects.comments('r1', 'ai-review')).toEqual([expect.stringContaining('1 error, 0 warnings')])
  const told = 'was reviewed: 1 finding. A person decides now.'
  expect(store.life.notices('r1')).toMatchObject([
    { recipient: 'author', name: 'Ada', message: `Your change “Test” ${told}`, version: 3 },
    { recipient: 'project', message: `The change “Test” ${told}`, version: 3 },
  ])
  expect(store.effects.charges('r1')).toEqual([{ cents: 500, instance: 'one' }])
  const snapshot = await holdfast.idempotency.getExecutionStatus('ai-review', 'r1')
  expect(snapshot).toMatchObject({
    status: 'completed',
    result: { outcome: 'done', summary: '1 finding in 1 file' },
  })
})

const earlier = (fencingToken: number) => ({
  jobType: 'ai-review' as const,
  reviewId: 'r1',
  kind: 'ai-review',
  instance: 'another',
  fencingToken,
})

it('fails where there is no such review', async () => {
  const { store, outcomes, run } = await setUp({ withReview: false })
  await run(JOB_TYPES)
  for (const type of JOB_TYPES) {
    expect(outcomes.find(({ jobType, nested }) => jobType === type && !nested)).toMatchObject({
      status: 'failed',
      message: 'There is no review r1.',
    })
  }
  expect(store.life.notices('r1')).toEqual([])
})

it('succeeds without work where the review is not pending', async () => {
  const { store, outcomes, run } = await setUp()
  store.life.take(earlier(1))
  store.life.finish(earlier(1), 'nothing')
  await run(['ai-review'])
  expect(outcomes).toMatchObject([{ status: 'executed', message: 'review r1 is HumanReview, not Pending' }])
  expect(store.witness.all().map(({ event, detail }) => `${event} ${detail}`)).toEqual([
    'begin ',
    'stage 10 Validate the request',
    'end review r1 is HumanReview, not Pending',
  ])
  expect(store.effects.count('findings', 'r1')).toBe(0)
})

it('goes on with a review that an older execution left behind', async () => {
  const { store, outcomes, run } = await setUp()
  store.life.take(earlier(1))
  await run(['ai-review'])
  expect(outcomes).toMatchObject([{ status: 'executed', message: '1 finding in 1 file' }])
})

it('fails with a notification where the reviewer is not configured, and works once it is', async () => {
  const { store, outcomes, run } = await setUp({ configured: false })
  await run(['ai-review'])
  expect(outcomes).toMatchObject([{ status: 'failed', message: 'The reviewer "local" is not configured.' }])
  const reason = 'The reviewer "local" is not configured.'
  expect(store.life.notices('r1').map(({ message }) => message)).toEqual([
    `Your change “Test” could not be reviewed: ${reason}`,
    `The change “Test” could not be reviewed: ${reason}`,
  ])
  expect(store.reviews.find('r1')).toMatchObject({ state: 'Rejected', hasFailed: true, reason })

  store.reviews.addConfiguration({ name: 'local', provider: 'local', maxFiles: 10 })
  await run(['ai-review'])
  expect(outcomes[1]).toMatchObject({ status: 'executed', message: '1 finding in 1 file' })
  expect(store.reviews.find('r1')).toMatchObject({
    state: 'HumanReview',
    hasFailed: false,
    reason: '1 finding',
  })
})

it('goes on from the checkpoint when an attempt fails midway', async () => {
  const reviewer: Reviewer & { failures: number } = {
    name: 'flaky',
    failures: 1,
    async review(request, signal) {
      if (this.failures-- > 0) throw new Error('The analyser broke.')
      return await localReviewer().review(request, signal)
    },
  }
  const { store, outcomes, run } = await setUp({ reviewer })
  await run(['ai-review'])
  await run(['ai-review'])
  expect(outcomes.map(({ status }) => status)).toEqual(['failed', 'executed'])
  const second = store.witness.all().filter(({ attempt, event }) => attempt === 2 && event === 'stage')
  expect(second[0]?.detail).toBe('70 Analyse')
  expect(second).toHaveLength(4)
  expect(store.life.moves('r1').map(({ from, to, reason }) => [from, to, reason])).toEqual([
    ['Pending', 'AIReviewing', null],
    ['AIReviewing', 'Rejected', 'The analyser broke.'],
    ['Rejected', 'AIReviewing', null],
    ['AIReviewing', 'HumanReview', '1 finding'],
  ])
})

it('fails with the reason where the repository is none, and is done once when it is back', async () => {
  const { store, outcomes, run } = await setUp()
  const repository = store.reviews.find('r1')?.repository ?? ''
  renameSync(join(repository, '.git'), join(repository, 'hidden'))
  await run(['ai-review'])
  await run(['ai-review'])
  expect(outcomes.map(({ status }) => status)).toEqual(['failed', 'failed'])
  const reason = expect.stringContaining('cannot be read as a git repository')
  expect(store.reviews.find('r1')).toMatchObject({ state: 'Rejected', hasFailed: true, reason })
  expect(store.witness.all().at(-1)).toMatchObject({ event: 'failed', detail: reason })
  expect(store.effects.charges('r1')).toEqual([])

  renameSync(join(repository, 'hidden'), join(repository, '.git'))
  await run(['ai-review'])
  await run(['ai-review'])
  expect(outcomes.slice(2).map(({ status }) => status)).toEqual(['executed', 'replayed'])
  expect(store.effects.charges('r1')).toHaveLength(1)
  expect(store.effects.count('findings', 'r1')).toBe(1)
})

it('runs the other three inside the comprehensive analysis, as its children', async () => {
  const { holdfast, outcomes, store, run } = await setUp()
  await run(['comprehensive-analysis'])
  expect(outcomes.map(({ jobType, nested, status }) => `${jobType} ${nested} ${status}`)).toEqual([
    'risk-assessment true executed',
    'improvement-suggestions true executed',
    'pull-request-summary true executed',
    'comprehensive-analysis false executed',
  ])
  const parent = await holdfast.idempotency.getExecutionStatus('comprehensive-analysis', 'r1')
  for (const type of ['risk-assessment', 'improvement-suggestions', 'pull-request-summary']) {
    const child = await holdfast.idempotency.getExecutionStatus(type, 'r1')
    expect(child?.parentExecutionId).toBe(parent?.executionId)
  }
  expect(store.effects.comments('r1', 'comprehensive')).toEqual([
    expect.stringMatching(/^medium risk .*\n1 suggestion\n1 commit, 1 file in 1 area$/),
  ])
})

it('takes parts that run on their own already instead of running them again', async () => {
  const { outcomes, store, run } = await setUp()
  await run(JOB_TYPES)
  const begins = store.witness.all().filter(({ event }) => event === 'begin')
  expect(begins.map(({ jobType }) => jobType).toSorted()).toEqual([...JOB_TYPES].toSorted())
  expect(outcomes.filter(({ nested }) => nested).map(({ status }) => status)).toEqual(
    Array(3).fill('replayed'),
  )
})

it('writes the executionId on every line of a job', async () => {
  const { logs, store, run } = await setUp()
  await run(JOB_TYPES)
  const begins = new Map(
    store.witness
      .all()
      .filter(({ event }) => event === 'begin')
      .map((begin) => [begin.jobType, begin.executionId]),
  )
  expect(logs.length).toBeGreaterThan(20)
  for (const line of logs) expect(line['executionId']).toBe(begins.get(String(line['jobType'])))
})

it.each([
  ['turnedAway', { code: 'EXECUTION_IN_PROGRESS' }],
  ['unavailable', { code: 'STORAGE_UNAVAILABLE' }],
  ['tooLate', { code: 'LEASE_LOST' }],
  // As a pause says that the job's signal ended.
  ['tooLate', { code: 'ABORT_ERR', cause: { code: 'LEASE_LOST' } }],
  ['failed', { code: 'ABORT_ERR', cause: { code: 'CLOSED' } }],
  ['failed', {}],
])('reports a start as %s after %j', async (status, details) => {
  const guard = () => Promise.reject(Object.assign(new Error('no'), details))
  const { outcomes, run } = await setUp({ guard })
  await run(['ai-review'])
  expect(outcomes).toMatchObject([{ status, message: 'no' }])
})

it('runs each time without Holdfast, and charges each time', async () => {
  const { outcomes, store, run } = await setUp({ guard: withoutHoldfast(new AbortController().signal) })
  await run(['ai-review', 'ai-review'])
  expect(outcomes.map(({ status }) => status)).toEqual(['executed', 'executed'])
  expect(store.effects.charges('r1')).toHaveLength(2)
})
