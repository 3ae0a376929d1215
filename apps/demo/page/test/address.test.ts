import { describe, expect, it } from 'vitest'
import { addressOf, parseAddress } from '../src/address.ts'

describe('the address of a view', () => {
  it('is read as it was written', () => {
    const view = {
      job: { jobType: 'ai-review', jobKey: 'review:142' },
      instance: null,
      until: 1_700_000_000_000,
      spanMs: 15_000,
    } as const
    const hash = addressOf(view, 3)
    expect(hash).toBe('#job=ai-review:review:142&t=1700000000000&span=15000&tour=3')
    expect(parseAddress(hash)).toEqual(view)
  })

  it('is empty for the page as it opens', () => {
    expect(addressOf({ job: null, instance: null, until: null, spanMs: 45_000 }, null)).toBe('')
  })

  it('takes nothing from what it does not know', () => {
    expect(parseAddress('#job=coffee:1&t=tomorrow&span=-4')).toEqual({
      job: null,
      instance: null,
      until: null,
      spanMs: null,
    })
  })
})
