import { expect, it } from 'vitest'
import { type Facts, judge as judgeFacts, judgeControl } from '../src/coordinator/verdict.ts'
import { JOB_TYPES } from '../src/jobs/job.ts'
import type { JobRun } from '../src/store/witness.ts'

const run = (jobType: string, event: JobRun['event'], more: Partial<JobRun> = {}): JobRun => ({
  at: 0,
  jobType,
  jobKey: 'r',
  executionId: `${jobType}-1`,
  attempt: 1,
  instance: 'instance-1',
  client: 'ioredis',
  event,
  detail: '',
  ...more,
})

const once = (jobType: string): readonly JobRun[] => [run(jobType, 'begin'), run(jobType, 'end')]
const others = JOB_TYPES.slice(1).flatMap(once)
const second: Partial<JobRun> = { executionId: 'ai-review-2', attempt: 2, instance: 'instance-2' }
const stage = (detail: string, more: Partial<JobRun> = {}): JobRun =>
  run('ai-review', 'stage', { detail, ...more })
const killing = { kind: 'killed', instance: 'instance-1', percent: 50 } as const
const freezing = { kind: 'frozen', instance: 'instance-1' } as const
const charge = { instance: 'instance-1' }

const judge = (runs: readonly JobRun[], happened?: Facts['happened'], more: Partial<Facts> = {}) =>
  judgeFacts({ runs, charges: [charge], refusedWrites: [], outcomes: [], happened, ...more })

it('is content with one begin and one end of each job', () => {
  expect(judge(JOB_TYPES.flatMap(once))).toMatchObject({ ok: true })
})

it.each([
  [
    'a body that ran twice',
    [...once('ai-review'), ...once('ai-review')],
    'ai-review began twice instead of once.',
  ],
  [
    'a body that began twice',
    [run('ai-review', 'begin'), ...once('ai-review')],
    'ai-review began twice instead of once.',
  ],
  ['a job that never ran', [], 'ai-review ended 0 times instead of once.'],
  ['a body without end', [run('ai-review', 'begin')], 'ai-review ended 0 times instead of once.'],
  [
    'a failure',
    [...once('ai-review'), run('ai-review', 'failed', { detail: 'no' })],
    'ai-review failed on instance-1: no',
  ],
])('sees %s', (_what, runs, problem) => {
  const verdict = judge([...runs, ...others])
  expect(verdict.ok).toBe(false)
  expect(verdict.lines).toContain(problem)
})

const killed = [run('ai-review', 'begin'), stage('10 a'), stage('50 b')]
const takenOver = [run('ai-review', 'begin', second), stage('50 b', second), run('ai-review', 'end', second)]

it('accepts a takeover that goes on from the checkpoint', () => {
  const verdict = judge([...killed, ...takenOver, ...others], killing)
  expect(verdict).toMatchObject({ ok: true })
  expect(verdict.lines.join()).toContain('instance-2 took over and went on from the last saved step')
})

it('does not call it a takeover without a killing', () => {
  expect(judge([...killed, ...takenOver, ...others])).toMatchObject({ ok: false })
})

it.each([
  ['ended before the kill', once('ai-review'), 'ai-review had ended before instance-1 was killed'],
  ['never was taken over', killed, 'was not taken over'],
  [
    'began from the start',
    [...killed, ...takenOver, stage('10 a', second)],
    'the checkpoint was not carried over',
  ],
  [
    'was run by three',
    [...killed, ...takenOver, run('ai-review', 'begin', second)],
    'began 3 times instead of twice',
  ],
])('sees that the killed job %s', (_what, runs, problem) => {
  const verdict = judge([...runs, ...others], killing)
  expect(verdict.ok).toBe(false)
  expect(verdict.lines.join()).toContain(problem)
})

it('sees a second charge, and one that is missing', () => {
  const runs = JOB_TYPES.flatMap(once)
  expect(judge(runs, undefined, { charges: [charge, charge] }).lines).toEqual([
    'The customer was charged twice instead of once.',
  ])
  expect(judge(runs, undefined, { charges: [] }).ok).toBe(false)
})

it('accepts that a frozen instance fails when it wakes up, if the database refused its charge', () => {
  const woken = [...killed, ...takenOver, run('ai-review', 'failed', { detail: 'too late' }), ...others]
  expect(judge(woken, freezing, { refusedWrites: [charge] })).toMatchObject({ ok: true })
  expect(judge(woken, freezing).lines).toEqual([
    'The database refused no write of instance-1 when it woke up.',
  ])
  expect(judge(woken, freezing, { refusedWrites: [{ instance: 'instance-2' }] }).ok).toBe(false)
  // Without a freeze it is a failure.
  expect(judge(woken, { kind: 'outage', ms: 1 }, { refusedWrites: [charge] }).ok).toBe(false)
})

it('wants an outage to be met by a start', () => {
  const runs = JOB_TYPES.flatMap(once)
  const outage = { kind: 'outage', ms: 2_200 } as const
  expect(judge(runs, outage).lines).toEqual(['No start met the outage.'])
  const outcome = { instance: 'i', jobType: 'ai-review', nested: false, message: '' } as const
  const outcomes = [
    { ...outcome, status: 'unavailable', tookMs: 2_010 },
    { ...outcome, status: 'replayed', tookMs: 9_000 },
  ] as const
  const verdict = judge(runs, outage, { outcomes })
  expect(verdict.ok).toBe(true)
  expect(verdict.lines.join()).toContain(
    'Redis was away for 2.2 s. 1 start of that time got an error within 2.0 s',
  )
})

it('takes a control run for a proof only if every instance ran the job and charged', () => {
  const runs = [1, 2, 3].flatMap((n) => [
    run('ai-review', 'begin', { executionId: `${n}` }),
    run('ai-review', 'end', { executionId: `${n}` }),
  ])
  const facts = { runs, charges: [charge, charge, charge], refusedWrites: [], outcomes: [] }
  expect(judgeControl(facts, 3)).toMatchObject({ ok: true })
  expect(judgeControl({ ...facts, charges: [charge, charge] }, 3).ok).toBe(false)
  expect(judgeControl({ ...facts, runs: runs.slice(2) }, 3).ok).toBe(false)
})
