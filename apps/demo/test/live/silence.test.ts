/** Owners that fall silent: the part that does something to them says so, and the part that sees what follows says that. */
import { beforeEach, describe, it } from 'vitest'
import { onlyInWholeDemo } from '../whole-demo.ts'
import { aWorld } from './a-world.ts'

beforeEach(onlyInWholeDemo)

describe('an instance that is killed', () => {
  it('loses its job to one that waits, which goes on from the last saved step', async ({
    expect,
    onTestFinished,
  }) => {
    const { world, all, until } = await aWorld({ onTestFinished }, { restartAfterMs: 500, instances: 2 })
    await world.act('fire', { times: 6, waiting: 3 })
    const first = await until('attempt.started')
    const seen = await until('attempt.seen', ({ percent }) => percent >= 50)
    expect(await world.act('kill', { instance: first.source })).toMatchObject({ ok: true })
    const killed = await until('instance.killed')
    expect(killed).toMatchObject({ source: 'coordinator', instance: first.source })
    expect(world.state().instances.find(({ name }) => name === first.source)).toMatchObject({ pid: null })

    const second = await until('attempt.started', ({ attempt }) => attempt === 2)
    expect(second.source).not.toBe(first.source)
    expect(second).toMatchObject({
      takenOverFrom: first.executionId,
      takenOverFromInstance: first.source,
      jobKey: first.jobKey,
    })
    expect(second.fencingToken).toBeGreaterThan(first.fencingToken)
    expect(second.fromPercent).toBeGreaterThanOrEqual(seen.percent - 10)
    // The observer knew when the lease would end: it was not taken over before that.
    const last = all('attempt.seen').findLast(({ executionId }) => executionId === first.executionId)
    expect(second.at).toBeGreaterThan((last?.leaseEndsAt ?? Infinity) - 250)

    await until('attempt.ended', ({ executionId }) => executionId === second.executionId)
    await until('verdict', ({ ended }) => ended === 1)
    expect(all('verdict').at(-1)).toMatchObject({ twice: 0 })
    // Who waited on the one that is gone has that for an answer.
    await until('call.answered', () => all('call.answered').length === 6)
    const broken = all('call.answered').filter(({ code }) => code === 'CONNECTION_LOST')
    expect(broken.map(({ callId }) => callId)).toContain(first.callId)
    expect(broken).toContainEqual(expect.objectContaining({ source: 'coordinator', outcome: 'failed' }))
    // Started again as an orchestrator would.
    const again = await until(
      'instance.started',
      ({ instance, at }) => instance === first.source && at > killed.at,
    )
    expect(again.pid).toEqual(expect.any(Number))
    expect(all('instance.exited')).toEqual([])
  })
})

describe('an instance that is frozen', () => {
  it('is refused by the database when it wakes up and writes', async ({ expect, onTestFinished }) => {
    const { world, all, until } = await aWorld({ onTestFinished }, { instances: 2 })
    await world.act('fire', { times: 6, waiting: 3 })
    const first = await until('attempt.started')
    await until('attempt.seen', ({ percent }) => percent >= 40)
    expect(await world.act('freeze', { instance: first.source })).toMatchObject({ ok: true })
    expect(world.state().instances.find(({ name }) => name === first.source)?.state).toBe('frozen')
    const second = await until('attempt.started', ({ attempt }) => attempt === 2)
    await until('attempt.ended', ({ executionId }) => executionId === second.executionId)

    expect(await world.act('thaw', { instance: first.source })).toMatchObject({ ok: true })
    expect(await until('effect.refused')).toMatchObject({
      source: 'database',
      jobType: 'ai-review',
      jobKey: first.jobKey,
      instance: first.source,
      fencingToken: first.fencingToken,
      newestToken: second.fencingToken,
    })
    const lost = await until('attempt.ended', ({ executionId }) => executionId === first.executionId)
    expect(lost.outcome).toBe('lost')
    expect(['expired', 'takenOver']).toContain(lost.reason)
    expect(await until('call.answered', ({ callId }) => callId === first.callId)).toMatchObject({
      outcome: 'tooLate',
    })
    await until('verdict', ({ refusedWrites }) => refusedWrites === 1)
    expect(all('verdict').at(-1)).toMatchObject({ ended: 1, twice: 0 })
    // What it did before it was frozen was told when it happened; what it tells late says when it was.
    const woken = await until('instance.thawed')
    expect(lost.at).toBeGreaterThan(woken.at)
  })
})

describe('the lease of a job that reports no progress', () => {
  it('is known to the observer, as often as its owner renews it', async ({ expect, onTestFinished }) => {
    const { world, all, until } = await aWorld({ onTestFinished }, { instances: 1, leaseMs: 1_500 })
    await world.act('reviewer', { mode: 'slow' })
    await world.act('fire', { times: 1, waiting: 0 })
    await until('attempt.seen', ({ percent }) => percent === 70)
    const { executionId } = await until('attempt.started')
    const known = () =>
      all('attempt.seen').filter((seen) => seen.executionId === executionId && seen.percent === 70)
    const ends = () => new Set(known().map(({ leaseEndsAt }) => leaseEndsAt))
    await until('attempt.seen', () => ends().size >= 4)
    for (const { at, leaseEndsAt, stalled } of known()) {
      expect(stalled).toBe(false)
      expect(leaseEndsAt - at).toBeGreaterThan(0)
      expect(leaseEndsAt - at).toBeLessThanOrEqual(1_500)
    }
  })
})
