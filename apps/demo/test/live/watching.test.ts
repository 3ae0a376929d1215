import { createHoldfast, memoryStorage } from '@holdfast/core'
import { describe, it } from 'vitest'
import { createNews } from '../../src/live/news.ts'
import { createWatching } from '../../src/live/watching.ts'
import type { WorldEvent } from '../../src/live/world.ts'

type Seen = Extract<WorldEvent, { readonly type: 'attempt.seen' }>

describe('the observer', () => {
  it('learns from the storage that a lease was renewed, of an owner that tells nothing', async (context) => {
    const { expect, onTestFinished } = context
    const storage = memoryStorage()
    const [owner, observer] = ['owner', 'observer'].map((instance) => createHoldfast({ storage, instance }))
    if (owner === undefined || observer === undefined) throw new Error('There are two.')
    const news = createNews()
    const seen: Seen[] = []
    const renewedThrice = Promise.withResolvers<void>()
    news.subscribe((event) => {
      if (event.type !== 'attempt.seen') return
      seen.push(event)
      if (new Set(seen.map(({ leaseEndsAt }) => leaseEndsAt)).size >= 4) renewedThrice.resolve()
    })
    const watching = createWatching(observer, news, () => undefined)
    onTestFinished(async () => {
      await watching.close()
      await Promise.all([owner.close(), observer.close()])
      await storage.close()
    })

    const work = { jobType: 'ai-review', jobKey: 'silent' } as const
    const running = owner.idempotency.run(work.jobType, work.jobKey, { leaseMs: 3_000 }, async () => {
      watching.follow(work)
      // It reports no progress, and goes on until the observer knows of three renewals.
      await renewedThrice.promise
      return 'done'
    })
    await renewedThrice.promise
    const silent = [...seen]
    await running
    const ends = silent.map(({ leaseEndsAt }) => leaseEndsAt)
    expect(ends).toEqual(ends.toSorted((one, other) => one - other))
    expect(new Set(silent.map(({ percent, stalled }) => `${percent} ${stalled}`))).toEqual(
      new Set(['0 false']),
    )
  })
})
