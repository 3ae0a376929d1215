import { expect, it } from 'vitest'
import { judge } from '../src/coordinator/verdict.ts'
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
const killing = { instance: 'instance-1', jobType: 'ai-review' } as const

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
  expect(verdict.lines.join()).toContain('went on from the checkpoint with stage "50 b"')
})

it('does not call it a takeover without a killing', () => {
  expect(judge([...killed, ...takenOver, ...others])).toMatchObject({ ok: false })
})

it.each([
  ['ended before the kill', once('ai-review'), 'had ended before its instance was killed'],
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
