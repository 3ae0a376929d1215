import { describe, it } from 'vitest'
import { createRing } from '../../src/server/ring.ts'

describe.concurrent('the ring of events', () => {
  it('has what follows a place, at most so many', ({ expect }) => {
    const ring = createRing(10)
    for (const event of ['a', 'b', 'c']) ring.push(event)
    expect(ring.last()).toBe(3)
    expect(ring.after(0, 10)).toEqual(['a', 'b', 'c'])
    expect(ring.after(1, 1)).toEqual(['b'])
    expect(ring.after(3, 10)).toEqual([])
  })

  it('says when the first of them is forgotten', ({ expect }) => {
    const ring = createRing(3)
    for (const event of ['a', 'b', 'c', 'd', 'e']) ring.push(event)
    expect(ring.after(2, 10)).toEqual(['c', 'd', 'e'])
    expect(ring.after(1, 10)).toBeUndefined()
  })

  it('has nothing behind a place that was not reached yet', ({ expect }) => {
    const ring = createRing(3)
    ring.push('a')
    expect(ring.after(2, 10)).toBeUndefined()
  })
})
