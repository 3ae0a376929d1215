/** What a visitor can do beside harm: other ranges, operators' acts, and the run without Holdfast. */
import { beforeEach, describe, it } from 'vitest'
import type { HeldQuery } from '../../src/events/snapshot.ts'
import { onlyInWholeDemo } from '../whole-demo.ts'
import { aWorld } from './a-world.ts'

beforeEach(onlyInWholeDemo)

describe('the run without Holdfast', () => {
  it('does the same starts on a separate database, which counts', async ({ expect, onTestFinished }) => {
    const { world, all, until } = await aWorld({ onTestFinished }, { instances: 2 })
    expect(await world.act('without', {})).toMatchObject({ ok: false })
    await world.act('fire', { times: 4, waiting: 1 })
    await world.act('fire', { times: 2, waiting: 0, jobType: 'risk-assessment' })
    await until('verdict', ({ ended }) => ended === 2)
    expect(await world.act('without', {})).toMatchObject({ ok: true })
    expect(await world.act('without', {})).toMatchObject({ ok: false })
    await until('control.ran', () => all('control.ran').length === 2)
    const [reviews, assessments] = all('control.ran').map(({ starts }) => starts)
    expect(reviews?.map(({ outcome }) => outcome).toSorted()).toEqual([
      'saved',
      'tooMany',
      'tooMany',
      'tooMany',
    ])
    expect(assessments?.map(({ outcome }) => outcome).toSorted()).toEqual(['saved', 'tooMany'])
    expect([...(reviews ?? []), ...(assessments ?? [])].map(({ callId }) => callId).toSorted()).toEqual(
      all('call.asked')
        .map(({ callId }) => callId)
        .toSorted(),
    )
    expect(await until('verdict', ({ controlTooMany }) => controlTooMany > 0)).toMatchObject({
      controlTooMany: 3,
      ended: 2,
      twice: 0,
    })
  })
})

describe('an operator', () => {
  it('cancels a job, and makes it free again', async ({ expect, onTestFinished }) => {
    const { world, until } = await aWorld({ onTestFinished }, { instances: 1, leaseMs: 1_500 })
    await world.act('reviewer', { mode: 'slow' })
    await world.act('fire', { times: 1, waiting: 0 })
    const { jobType, jobKey, executionId } = await until('attempt.started')
    await until('attempt.seen', ({ percent }) => percent === 70)
    const running = await world.record(jobType, jobKey)
    expect(running).toMatchObject({
      kind: 'string',
      attempts: [{ executionId, attempt: 1, instance: 'instance-1' }],
    })
    expect(running?.key).toContain(jobKey)
    expect(running?.raw).toContain(executionId)
    expect(running?.fields).toContainEqual(
      expect.objectContaining({ name: 'executionId', value: executionId }),
    )

    const held = await until('lock', ({ name, holders }) => name === 'model calls' && holders.length > 0)
    const token = held.holders[0]?.token ?? ''
    expect(await world.act('revoke', { lock: 'model calls', token })).toMatchObject({ ok: true })
    expect(await world.act('revoke', { lock: 'model calls', token })).toMatchObject({ ok: false })
    await until(
      'lock',
      ({ name, holders, at }) => name === 'model calls' && holders.length === 0 && at > held.at,
    )

    expect(await world.act('cancel', { jobType, jobKey })).toMatchObject({ ok: true })
    expect(await until('attempt.ended')).toMatchObject({ executionId, outcome: 'failed' })
    expect(await world.act('cancel', { jobType, jobKey })).toMatchObject({ ok: false })
    expect(await world.act('forget', { jobType, jobKey })).toMatchObject({ ok: true })
    expect(await world.act('forget', { jobType, jobKey })).toMatchObject({ ok: false })
    expect(await world.record(jobType, jobKey)).toBeUndefined()
  })

  it('sees who holds a lock, and empties the cache of the analyses', async ({ expect, onTestFinished }) => {
    const { world, all, until } = await aWorld({ onTestFinished }, { instances: 1 })
    const loads = (name = 'analysis'): number =>
      all('cache.sample')
        .filter(({ namespace }) => namespace === name)
        .reduce((sum, { loaded }) => sum + loaded, 0)
    await world.act('fire', { times: 1, waiting: 0 })
    const checkout = await until(
      'lock',
      ({ name, holders }) => name.startsWith('checkout of ') && holders.length > 0,
    )
    expect(checkout).toMatchObject({ permits: 1, waiting: [] })
    expect(
      await until('lock', ({ name, holders }) => name === 'model calls' && holders.length > 0),
    ).toMatchObject({
      permits: 2,
      holders: [{ instance: (await until('attempt.started')).source, leaseMs: 5_000 }],
    })
    expect(
      await until(
        'lock',
        ({ name, holders, last }) => name === 'model calls' && holders.length === 0 && last !== null,
      ),
    ).toMatchObject({
      last: { instance: (await until('attempt.started')).source },
    })
    await until('cache.sample', () => loads() === 1)

    await world.act('fire', { times: 1, waiting: 0 })
    await until('verdict', ({ ended }) => ended === 2)
    await until('cache.sample', ({ namespace, fromRedis }) => namespace === 'analysis' && fromRedis > 0)
    const fieldsOf = async (query: HeldQuery): Promise<readonly (readonly [string, string])[]> => {
      const [held] = await world.held(query)
      return held === undefined ? [] : held.fields.map(({ name, value }) => [name, value] as const)
    }
    const cached = { kind: 'cache', name: 'analysis' } as const
    expect(await world.held(cached)).toMatchObject([
      {
        key: expect.stringMatching(/^holdfast:v:AIReview:analysis:analysis:/),
        raw: expect.stringMatching(/^\d{13}V1/),
      },
    ])
    expect(await fieldsOf(cached)).toEqual(
      expect.arrayContaining([
        ['state', 'fresh'],
        // A day, less what spreads the ends of entries.
        ['ttl', expect.stringMatching(/^8[2-6]\d{6} ms$/)],
      ]),
    )
    expect(await world.held({ kind: 'lock', name: 'model calls' })).toMatchObject([
      { key: '{holdfast:l:AIReview:semaphore:model calls}:s', raw: expect.stringMatching(/^\d{17}0002/) },
    ])
    expect(await fieldsOf({ kind: 'lock', name: 'model calls' })).toContainEqual(['owner', 'none'])
    expect(await world.held({ kind: 'lock', name: 'never *' })).toEqual([])
    expect(await world.act('clear-cache', { namespace: 'analysis' })).toMatchObject({ ok: true })
    expect(await fieldsOf(cached)).toContainEqual(['state', 'invalidated'])
    await world.act('fire', { times: 1, waiting: 0 })
    await until('cache.sample', () => loads() === 2)

    // What one analyser has found lies in a definition of its namespace, under its version.
    const once = loads('notes')
    expect(once).toBeGreaterThan(0)
    const notes = { kind: 'cache', name: 'notes' } as const
    expect(await fieldsOf(notes)).toContainEqual(['state', 'fresh'])
    for (const namespace of ['notes', 'analysis']) await world.act('clear-cache', { namespace })
    expect(await fieldsOf(notes)).toContainEqual(['state', 'invalidated'])
    await world.act('fire', { times: 1, waiting: 0 })
    await until('cache.sample', () => loads() === 3)
    await until('cache.sample', () => loads('notes') === 2 * once)
    expect(await world.act('revoke', { lock: 'model calls', token: 'nobody' })).toMatchObject({ ok: false })
  })
})

describe('a story that goes on', () => {
  it('starts other jobs of a review that is there, on chosen instances', async ({
    expect,
    onTestFinished,
  }) => {
    const { world, all, until } = await aWorld({ onTestFinished })
    const only = { instances: ['instance-3'] }
    await world.act('fire', { times: 1, waiting: 0, jobType: 'risk-assessment', ...only })
    const { jobKey } = await until('attempt.started')
    await until('verdict', ({ ended }) => ended === 1)
    await world.act('fire', {
      times: 2,
      waiting: 0,
      jobType: 'comprehensive-analysis',
      jobKey,
      instances: ['instance-2', 'instance-1'],
    })
    const report = await until('attempt.started', ({ jobType }) => jobType === 'comprehensive-analysis')
    await until('attempt.ended', ({ executionId }) => executionId === report.executionId)
    await until('verdict', ({ ended, parts }) => ended === 2 && parts === 2)
    const reports = all('call.asked').filter(({ jobType }) => jobType === 'comprehensive-analysis')
    expect(reports.map(({ source }) => source).toSorted()).toEqual(['instance-1', 'instance-2'])
    const parts = all('call.asked').filter(({ parentExecutionId }) => parentExecutionId !== null)
    expect(parts).toMatchObject([
      { source: report.source, jobType: 'risk-assessment', jobKey, parentExecutionId: report.executionId },
      { source: report.source, jobType: 'improvement-suggestions' },
      { source: report.source, jobType: 'pull-request-summary' },
    ])
    const outcomes = parts.map(
      ({ callId }) => all('call.answered').find((call) => call.callId === callId)?.outcome,
    )
    expect(outcomes).toEqual(['stored', 'ran', 'ran'])
    expect(all('attempt.started').map(({ parentExecutionId }) => parentExecutionId)).toEqual([
      null,
      null,
      report.executionId,
      report.executionId,
    ])
    expect(all('review').at(-1)).toMatchObject({ risk: expect.any(Number) })
    const refused = { times: 1, waiting: 0 }
    expect(await world.act('fire', { ...refused, jobKey: 'no-review' })).toMatchObject({ ok: false })
    expect(await world.act('fire', { ...refused, instances: ['instance-4'] })).toMatchObject({ ok: false })
  })
})

describe('a review of other commits', () => {
  it('says why there is none, or works on them', async ({ expect, onTestFinished }) => {
    const { world, until } = await aWorld({ onTestFinished }, { instances: 1 })
    expect(await world.act('review', { base: 'HEAD', head: 'HEAD' })).toEqual({
      ok: false,
      message: expect.stringContaining('Nothing changes in HEAD..HEAD'),
    })
    expect(await world.act('review', { base: 'nowhere', head: 'HEAD' })).toMatchObject({ ok: false })
    expect(await world.act('review', { base: 'HEAD~1', head: 'HEAD' })).toMatchObject({ ok: true })
    expect(await until('review', ({ state }) => state === 'HumanReview')).toMatchObject({
      title: 'Add b',
      errors: 1,
    })
    expect(await world.act('kill', { instance: 'instance-9' })).toMatchObject({ ok: false })
  })
})
