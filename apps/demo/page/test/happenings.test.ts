import { describe, expect, it } from 'vitest'
import { happeningsOf } from '../src/picture/happenings.ts'
import { storyModel } from './story-model.ts'

describe('the table behind the picture', () => {
  const model = storyModel()
  const rows = happeningsOf(model)
  const lines = rows.map(({ where, job, what, howLong }) => [where, job, what, howLong].join(' | '))

  it('tells what happened, in order', () => {
    expect(rows.map(({ at }) => at)).toEqual(rows.map(({ at }) => at).toSorted((a, b) => a - b))
    expect(lines).toEqual(
      expect.arrayContaining([
        'instance-1 | review #142 | cut short at 50 % | 4.2 s',
        'instance-1 |  | killed | 5.8 s',
        'instance-3 | review #142 | took over from instance-1 at 50 %, done | 4.5 s',
        'instance-2 |  | frozen | 7.8 s',
        'instance-2 | summary #142 | woke up too late: another attempt had taken over | 10.0 s',
        'Database | summary #142 | instance-2: late write refused: fence 1 is older than 2 | ',
        'Redis |  | stopped | 3.0 s',
        'All instances |  | reviewer slow from now on | ',
        'instance-1 | suggestions #142 | no Redis: nothing ran | 1.9 s',
        'instance-3 | summary #142 | got the stored result | 20 ms',
        'instance-1 | review #144 | waits for instance-3 | ',
      ]),
    )
  })

  it('has a row for every start that did nothing', () => {
    expect(lines.filter((line) => line.includes('turned away'))).toHaveLength(12)
  })

  it('keeps the newest when there are too many', () => {
    expect(happeningsOf(model, 5)).toEqual(rows.slice(-5))
  })
})
