import { expect, it } from 'vitest'
import type { CallOutcome } from '../src/instances/messages.ts'
import type { JobRun } from '../src/store/witness.ts'
import { jobTable, testimony } from '../src/terminal/report.ts'

const run = (event: JobRun['event'], at: number): JobRun => ({
  at,
  jobType: 'improvement-suggestions',
  jobKey: 'r',
  executionId: 'dmjv-sBiBq0SsCigDzO2Rg',
  attempt: 1,
  instance: 'instance-3',
  client: 'node-redis',
  event,
  detail: event === 'end' ? 'x'.repeat(100) : '',
})
const runs = [run('begin', 0), run('end', 1_250)]
const outcomes: readonly CallOutcome[] = [
  {
    instance: 'instance-1',
    jobType: 'improvement-suggestions',
    nested: false,
    status: 'turnedAway',
    message: '',
  },
]

const widest = (text: string): number => Math.max(...text.split('\n').map((line) => line.length))

it('is a table where there is room for one', () => {
  expect(jobTable(runs, outcomes, 200)).toMatch(
    /│ improvement-suggestions +│ +1 │ +1 │ +0 │ instance-3 · node-redis/,
  )
  expect(jobTable(runs, outcomes)).toBe(jobTable(runs, outcomes, 200))
})

it('is a narrower table in a usual terminal, also of a takeover', () => {
  const died = { ...run('begin', 0), executionId: 'first', instance: 'instance-1' }
  const table = jobTable([died, ...runs], outcomes, 80)
  expect(widest(table)).toBeLessThanOrEqual(80)
  expect(table).toMatch(
    /│improvement-suggestions │ +2 │ +1 │ +0 │instance-1 +│ +1\.25 s │\n.*│ {2}node-redis.*\n.*│ {2}\(died\).*\n.*│→ instance-3 │/,
  )
})

it('says the same in lines where no table fits', () => {
  expect(jobTable(runs, outcomes, 60)).toContain(
    'improvement-suggestions: 1 execution, 1 turned away, 0 replays, 1.25 s\n  instance-3 · node-redis',
  )
  const said = testimony(runs, 80)
  expect(said).toContain('dmjv-sBiBq0SsCigDzO2Rg begin improvement-suggestions on instance-3')
  expect(widest(said)).toBeLessThanOrEqual(80)
})
