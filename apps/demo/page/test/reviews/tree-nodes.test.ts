import { expect, it } from 'vitest'
import type { Attempt, Call } from '../../src/model/model.ts'
import { attempt } from './attempts.ts'
import { executionTree, treeRows } from '../../src/reviews/tree-nodes.ts'

const call = (id: string, jobType: Call['jobType'], more: Partial<Call> = {}): Call => ({
  id,
  jobType,
  jobKey: 'r',
  instance: 'instance-1',
  policy: 'wait',
  parentExecutionId: null,
  askedAt: 10,
  waitingSince: null,
  waitsFor: null,
  behind: null,
  outcome: 'stored',
  answeredAt: 11,
  tookMs: 1,
  executionId: null,
  code: null,
  message: '',
  ...more,
})

const treeOf = (attempts: readonly Attempt[], calls: readonly Call[] = []) =>
  executionTree(
    {
      attempts: new Map(attempts.map((each) => [each.executionId, each])),
      calls: new Map(calls.map((each) => [each.id, each])),
    },
    'r',
  )

it('puts what a job started below it, in order of time', () => {
  const tree = treeOf([
    attempt('c', 'risk-assessment', { parentExecutionId: 'a', startedAt: 30 }),
    attempt('a', 'comprehensive-analysis'),
    attempt('b', 'pull-request-summary', { parentExecutionId: 'a', startedAt: 20 }),
    attempt('other', 'ai-review', { jobKey: 'another' }),
  ])
  expect(tree).toMatchObject([
    {
      jobType: 'comprehensive-analysis',
      children: [{ jobType: 'pull-request-summary' }, { jobType: 'risk-assessment' }],
    },
  ])
})

it('makes one row of all attempts of one piece of work: from the first start to the last end', () => {
  const [node, ...others] = treeOf([
    attempt('b', 'ai-review', {
      attempt: 2,
      fencingToken: 2,
      startedAt: 90,
      instance: 'instance-3',
      outcome: null,
      endedAt: null,
    }),
    attempt('a', 'ai-review', { outcome: 'cutShort', endedAt: 50 }),
  ])
  expect(others).toEqual([])
  expect(node).toMatchObject({ state: 'running', attempt: 2, instance: 'instance-3', from: 0, to: null })
})

it('keeps the parts of an attempt that was cut short, and of the one that took over, below the same row', () => {
  const [node] = treeOf([
    attempt('a', 'comprehensive-analysis', { outcome: 'cutShort' }),
    attempt('b', 'comprehensive-analysis', { attempt: 2, fencingToken: 2, startedAt: 50 }),
    attempt('c', 'risk-assessment', { parentExecutionId: 'a', startedAt: 10 }),
    attempt('d', 'pull-request-summary', { parentExecutionId: 'b', startedAt: 60 }),
  ])
  expect(node?.children.map(({ jobType }) => jobType)).toEqual(['risk-assessment', 'pull-request-summary'])
})

it('shows a part whose stored result was used as one that had been done', () => {
  const [node] = treeOf(
    [attempt('a', 'comprehensive-analysis')],
    [call('s', 'risk-assessment', { parentExecutionId: 'a' })],
  )
  expect(node?.children).toMatchObject([{ jobType: 'risk-assessment', state: 'stored' }])
})

it('shows a part that another caller ran below the one that waited for its result', () => {
  const [node, other] = treeOf(
    [
      attempt('a', 'comprehensive-analysis'),
      attempt('b', 'pull-request-summary', { startedAt: 5, instance: 'instance-2' }),
    ],
    [call('w', 'pull-request-summary', { parentExecutionId: 'a', outcome: 'waited' })],
  )
  expect(node?.children).toMatchObject([{ jobType: 'pull-request-summary', state: 'shared' }])
  expect(other).toMatchObject({ jobType: 'pull-request-summary', state: 'done', instance: 'instance-2' })
})

it('shows nothing below a folded row', () => {
  const tree = treeOf([
    attempt('a', 'comprehensive-analysis'),
    attempt('b', 'risk-assessment', { parentExecutionId: 'a', startedAt: 1 }),
  ])
  expect(treeRows(tree, new Set()).map(({ level, parent }) => ({ level, parent }))).toEqual([
    { level: 1, parent: null },
    { level: 2, parent: 'ran-a' },
  ])
  expect(treeRows(tree, new Set(['ran-a']))).toHaveLength(1)
})
