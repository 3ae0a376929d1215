import { expect, it } from 'vitest'
import { Judge } from '../src/near/judge.ts'

function judged(): Judge {
  const judge = new Judge()
  judge.acknowledged(1, 1, 100)
  judge.acknowledged(1, 3, 200) // the second write was not acknowledged
  judge.acknowledged(1, 4, 300)
  return judge
}

it('a read is as old as the first newer number that had been acknowledged when it began', () => {
  const judge = judged()
  expect(judge.age({ key: 1, number: 1, at: 150 })).toBe(0)
  expect(judge.age({ key: 1, number: 1, at: 250 })).toBe(50)
  expect(judge.age({ key: 1, number: 1, at: 350 })).toBe(150)
  expect(judge.age({ key: 1, number: 2, at: 250 })).toBe(50)
  expect(judge.age({ key: 1, number: 3, at: 299 })).toBe(0)
  expect(judge.age({ key: 1, number: 3, at: 301 })).toBe(1)
})

it('what is newer than all that was acknowledged is not old, nor is another key', () => {
  const judge = judged()
  expect(judge.age({ key: 1, number: 5, at: 1_000 })).toBe(0)
  expect(judge.age({ key: 2, number: 0, at: 1_000 })).toBe(0)
  expect([judge.last(1), judge.last(2)]).toEqual([4, 0])
})

it('reports how many were old, and how old', () => {
  const judge = judged()
  for (const at of [150, 210, 220, 290]) judge.read({ key: 1, number: 1, at })
  expect(judge.reads).toBe(4)
  expect(judge.report).toEqual({ old: 3, p50: 20, p99: 20, max: 90 })
})
