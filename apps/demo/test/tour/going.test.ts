/** Where a visitor goes in the tour, over a small world that cannot be killed. */
import { describe, it } from 'vitest'
import { STATE, openSmallWorld } from '../server/small-world.ts'
import { toured } from './toured.ts'

const ONE_PROCESS = 'Everything is one process here.'
const SMALL = {
  ...STATE,
  missingActions: { kill: ONE_PROCESS, freeze: ONE_PROCESS, 'stop-redis': 'There is no Redis.' },
}

describe.concurrent('the tour', () => {
  it('plays what the world can, and says why it leaves out the rest', async ({ expect, onTestFinished }) => {
    const world = openSmallWorld(SMALL)
    onTestFinished(() => world.close())
    const tour = toured(world, onTestFinished)
    tour.go('start')
    expect(await tour.ended(1)).toMatchObject({
      state: 'done',
      before: 'Fifteen copies of one job start in the same instant, all on one machine.',
      after: 'One ran, on instance-1. Twelve were turned away. Two waited and got its result.',
      work: { jobType: 'ai-review', jobKey: 'review-1' },
    })
    // The page shows the same starts without Holdfast beside them.
    expect(world.acts.map(({ name }) => name)).toEqual(['fire', 'without'])
    tour.go('next')
    expect(await tour.ended(2)).toMatchObject({ state: 'missed', after: ONE_PROCESS, counted: '' })
    const chapters = tour.events.filter(({ type }) => type.startsWith('chapter.'))
    expect(chapters.map(({ type }) => type)).toEqual(['chapter.began', 'chapter.ended'])
  })

  it('says what did not come', async ({ expect, onTestFinished }) => {
    const world = openSmallWorld(SMALL)
    onTestFinished(() => world.close())
    const silent = { ...world, act: async () => ({ ok: true, message: 'Nothing follows.' }) }
    const tour = toured(silent, onTestFinished, { patienceMs: 1 })
    tour.go('start')
    expect(await tour.ended(1)).toMatchObject({
      state: 'missed',
      after: 'The start did not come within 0 seconds.',
    })
  })

  it('shows what was played as it was, plays it again when asked, and ends', async ({
    expect,
    onTestFinished,
  }) => {
    const world = openSmallWorld(SMALL)
    onTestFinished(() => world.close())
    const tour = toured(world, onTestFinished)
    expect(tour.go('next')).toEqual({ ok: false, message: 'No tour is on. Start one.' })
    tour.go('start')
    const { from, to, work } = await tour.ended(1)
    // Pressed twice, or after it has gone on: by one.
    tour.go('next', 1)
    tour.go('next', 1)
    await tour.ended(2)
    expect(tour.go('next', 1)).toEqual({ ok: true, message: 'One is killed' })
    expect((await tour.ended(2)).step).toBe(2)
    tour.go('back')
    const shown = await tour.ended(1)
    expect(shown).toMatchObject({ from, to, work })
    expect(shown.goesOnAt).toBeUndefined()
    expect(world.acts.filter(({ name }) => name === 'fire')).toHaveLength(1)
    tour.go('again')
    expect(await tour.ended(1)).toMatchObject({ state: 'done', work: { jobKey: 'review-2' } })
    expect(tour.go('end')).toEqual({ ok: true, message: 'The tour has ended.' })
    expect(tour.events.at(-1)).toMatchObject({ type: 'tour', step: null })
  })

  it('goes on by itself when it is let run, to the words at the end', async ({ expect, onTestFinished }) => {
    const world = openSmallWorld({
      ...SMALL,
      missingActions: { ...SMALL.missingActions, 'clear-cache': ONE_PROCESS },
    })
    onTestFinished(() => world.close())
    const tour = toured(world, onTestFinished, { readingMs: 0 })
    tour.go('start')
    const { to, goesOnAt } = await tour.ended(1)
    expect(goesOnAt).toBeGreaterThanOrEqual(to ?? Infinity)
    expect(await tour.ended(6)).toMatchObject({
      title: 'Now you',
      after: 'Now you: kill one, cut one off, stop Redis. Nothing here can run twice.',
    })
    // The first story without Holdfast at once, all others when they are over.
    expect(world.acts.filter(({ name }) => name === 'without')).toHaveLength(2)
  })

  it('does not say that nothing ran twice where the database says otherwise', async ({
    expect,
    onTestFinished,
  }) => {
    const world = openSmallWorld({
      ...SMALL,
      missingActions: { ...SMALL.missingActions, 'clear-cache': ONE_PROCESS },
    })
    onTestFinished(() => world.close())
    const tour = toured(world, onTestFinished, { readingMs: 0 })
    world.tell({
      at: 0,
      source: 'database',
      type: 'verdict',
      ended: 3,
      parts: 1,
      twice: 1,
      refusedWrites: 0,
      controlTooMany: 0,
    })
    tour.go('start')
    const { after, counted } = await tour.ended(6)
    expect(after).toContain('1 ran twice, which must not be')
    expect(after).not.toContain('Nothing here')
    expect(counted).toBe('rows of all work: 3 results · 1 part of them · 1 twice · 0 late writes refused')
  })

  it('leaves a step that goes on when the visitor goes elsewhere, and puts right what it did', async (context) => {
    const { expect, onTestFinished } = context
    const world = openSmallWorld(SMALL)
    onTestFinished(() => world.close())
    const fired = Promise.withResolvers<void>()
    const silent = {
      ...world,
      state: () => ({ ...SMALL, reviewer: 'slow' as const }),
      act: async (name: string, input: unknown) => {
        if (name === 'fire') fired.resolve()
        return await world.act('thaw', { instance: `${name} ${JSON.stringify(input)}` })
      },
    }
    const tour = toured(silent, onTestFinished)
    tour.go('start')
    await fired.promise
    tour.go('end')
    await tour.close()
    expect(world.acts.map(({ input }) => (input as { readonly instance: string }).instance)).toEqual([
      'reviewer {"mode":"normal"}',
      'fire {"times":15,"waiting":2}',
      'reviewer {"mode":"normal"}',
    ])
    expect(tour.events.findLast(({ type }) => type === 'tour')).toMatchObject({ step: null })
  })
})
