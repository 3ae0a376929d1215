import { expect, it } from 'vitest'
import type { CallOutcome, OutcomeStatus } from '../src/instances/messages.ts'
import type { JobRun } from '../src/store/witness.ts'
import { jobTable, results, testimony } from '../src/terminal/report.ts'
import { clipped, paragraph } from '../src/terminal/text.ts'

const run = (event: JobRun['event'], more: Partial<JobRun> = {}): JobRun => ({
  at: 0,
  jobType: 'improvement-suggestions',
  jobKey: 'r',
  executionId: 'dmjv-sBiBq0SsCigDzO2Rg',
  attempt: 1,
  instance: 'instance-3',
  client: 'node-redis',
  event,
  detail: event === 'end' ? 'so many words '.repeat(10) : '',
  ...more,
})
const runs = [run('begin'), run('end')]
const outcome = (status: OutcomeStatus): CallOutcome => ({
  instance: 'instance-1',
  jobType: 'improvement-suggestions',
  nested: false,
  status,
  tookMs: 1,
  message: '',
})
const outcomes = [outcome('executed'), outcome('turnedAway'), outcome('replayed')]
const first = { executionId: 'first', instance: 'instance-1' }

const widest = (text: string): number => Math.max(...text.split('\n').map((line) => line.length))

it('counts starts, runs and answers of each job', () => {
  const table = jobTable({ runs, outcomes }, 80)
  expect(table).toMatch(/^improvement-suggestions +3 +1 +1 +1 +instance-3$/m)
  expect(table).not.toContain('Redis')
  expect(widest(table)).toBeLessThanOrEqual(80)
})

it.each(['killed', 'frozen'] as const)('says which instance was %s, and who took over', (kind) => {
  const began = kind === 'killed' ? [run('begin', first)] : [run('begin', first), run('failed', first)]
  const happened = { kind, instance: 'instance-1', percent: 50 }
  const table = jobTable({ runs: [...began, ...runs], outcomes, happened }, 80)
  expect(table).toMatch(new RegExp(`improvement-suggestions .*  instance-1 \\(${kind}\\)\n +instance-3\n`))
  expect(widest(table)).toBeLessThanOrEqual(80)
})

it('has a column for an outage', () => {
  const table = jobTable({ runs, outcomes: [...outcomes, outcome('unavailable')] }, 80)
  expect(table).toMatch(/turned +got its +no +where\n.*away +result +Redis/)
  expect(widest(table)).toBeLessThanOrEqual(80)
})

it('says in one word that a job ran everywhere', () => {
  const everywhere = [1, 2, 3].flatMap((n) => {
    const own = { executionId: `e${n}`, instance: `instance-${n}` }
    return [run('begin', own), run('end', own)]
  })
  expect(jobTable({ runs: everywhere, outcomes: [] }, 80)).toMatch(
    /improvement-suggestions .* 3 +every instance$/m,
  )
  const twice = everywhere.flatMap((each) => [each, { ...each, executionId: `${each.executionId} again` }])
  expect(jobTable({ runs: twice, outcomes: [] }, 80)).toMatch(/ 6 +every instance, 2 times$/m)
})

it('says the same in lines where no table fits', () => {
  const text = jobTable({ runs, outcomes }, 60)
  expect(text).toContain('improvement-suggestions: 3 starts, ran to the end: 1\n  turned away: 1\n')
  expect(text).toContain('\n  instance-3\n')
  expect(widest(text)).toBeLessThanOrEqual(60)
})

it('breaks what the jobs say between words', () => {
  const said = testimony(runs, 80)
  expect(said).toContain('dmjv-sBiBq0SsCigDzO2Rg begin improvement-suggestions on instance-3, attempt 1')
  expect(widest(said)).toBeLessThanOrEqual(80)
  const found = results(runs, 80)
  expect(found).toMatch(/^improvement-suggestions so many words .*\n {24}so many words /)
  expect(widest(found)).toBeLessThanOrEqual(80)
})

it('indents all lines but the first', () => {
  expect(paragraph('✔ one two three', 10, 2)).toBe('✔ one\n  two\n  three')
  expect(clipped('123456', 6)).toBe('123456')
  expect(clipped('1234567', 6)).toBe('12345…')
})
