import { expect, it, onTestFinished } from 'vitest'
import { judge } from '../../src/soak/judge/judge.ts'
import { sumsOf } from '../../src/soak/judge/sums.ts'
import { USAGE } from '../../src/soak/options.ts'
import { sumsLine, verdictLines } from '../../src/soak/report.ts'
import { aGoodRun } from './good-run.ts'

it('has one line for each invariant, its broken rows, and fits into 80 columns', () => {
  const { database, plant } = aGoodRun()
  onTestFinished(() => database.close())
  plant(`WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 13)
         INSERT INTO soak_crashes SELECT 1, 'instance-' || i, 'instance-' || i || ' ended by itself (exit code 1)' FROM n`)
  const lines = verdictLines(judge(database), 80)
  const text = [...lines, sumsLine(sumsOf(database), 80), USAGE].join('\n')
  expect(text.split('\n').filter((line) => line.length > 80)).toEqual([])
  expect(lines.filter((line) => line.startsWith('ok '))).toHaveLength(7)
  expect(lines).toContain('BROKEN  no instance ended by itself: 13 times (1 disturbances)')
  expect(lines.filter((line) => line.includes('exit code 1'))).toHaveLength(10)
  expect(lines.at(-1)).toBe('        and 3 more')
  expect(sumsLine(sumsOf(database), 800)).toContain('reviews 2, starts 6')
})
