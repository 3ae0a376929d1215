/** A model that is slow, busy, or gone in the middle: what is paid is in the book, whatever happens. */
import { setTimeout as sleep } from 'node:timers/promises'
import { createHoldfast, memoryStorage, recordedFailureOf } from '@holdfast/core'
import { describe, it } from 'vitest'
import { withHoldfast } from '../../src/instances/guard.ts'
import { MODEL_CALLS, MODEL_PERMITS } from '../../src/jobs/guarded-work.ts'
import { type StubBehaviour, startModelStub } from '../../src/model-stub/model-stub.ts'
import { ModelAwayError, ModelBusyError } from '../../src/model/model-errors.ts'
import { MODEL_DEFAULTS } from '../../src/model/model-settings.ts'
import { paidCalls } from '../../src/model/paid-call.ts'
import { retryAfterIn } from '../../src/model/retry-after.ts'
import { openStore } from '../../src/store/store.ts'
import { KEY, adding, asking, found } from './asking.ts'

const TEXT = found(['a.txt', 3])

/** The first requests are answered so, the others well. */
const first = (...behaviours: readonly StubBehaviour[]) => ({
  behave: ({ number }: { readonly number: number }): StubBehaviour =>
    behaviours[number - 1] ?? { kind: 'answer', text: TEXT },
})

describe.concurrent('a model', () => {
  it('that breaks the connection half-way is asked once more, and both calls are in the book', async ({
    expect,
    onTestFinished,
  }) => {
    const { review, store } = await asking({ onTestFinished }, first({ kind: 'half', text: TEXT }))
    expect((await review('r1')).findings).toHaveLength(2)
    const [lost, answered] = store.modelCalls.calls('r1')
    expect(lost).toMatchObject({
      state: 'lost',
      isEstimate: true,
      note: expect.stringMatching(/^The model's answer broke off after \d+ characters: /),
    })
    expect(lost?.cost).toBeGreaterThan(0)
    expect(answered).toMatchObject({ state: 'answered', isEstimate: false, note: '' })
    const spent = store.modelCalls.spent('r1')
    expect(spent?.lostCost).toBe(lost?.cost)
    expect(spent?.cost).toBe((lost?.cost ?? 0) + (answered?.cost ?? 0))
  })

  it.for([
    ['says nothing', { kind: 'silent' }, { firstByteMs: 200 }, 'did not begin within 0.2 s'],
    ['does not come to an end', { kind: 'stuck', text: TEXT }, { wholeMs: 400 }, 'did not end within 0.4 s'],
  ] as const)(
    'that %s is given up, twice at most',
    async ([, behaviour, settings, note], { expect, onTestFinished }) => {
      const { review, store, holdfast } = await asking(
        { onTestFinished },
        {
          ...first(behaviour, behaviour),
          settings,
        },
      )
      await expect(review('r1')).rejects.toMatchObject({ code: 'MODEL_ANSWER_LOST', retryAfterMs: 1_000 })
      expect(store.modelCalls.calls('r1')).toMatchObject([
        { state: 'lost', note: expect.stringContaining(note) },
        { state: 'lost', note: expect.stringContaining(note) },
      ])
      // No call holds a permit for it.
      const permits = holdfast.locks.semaphore(MODEL_CALLS, { permits: MODEL_PERMITS })
      expect((await permits.inspect()).holders).toEqual([])
    },
  )

  it('that is busy is waited for, without a permit, and costs nothing meanwhile', async ({
    expect,
    onTestFinished,
  }) => {
    const { review, store, told } = await asking(
      { onTestFinished },
      first(
        { kind: 'refuse', status: 429, retryAfter: '0.05' },
        { kind: 'refuse', status: 503, retryAfter: '0' },
      ),
    )
    expect((await review('r1')).findings).toHaveLength(2)
    expect(told).toContain('r1 Analyse: waits 1 s, as stub asks')
    expect(store.modelCalls.spent('r1')).toMatchObject({
      calls: { answered: 1, refused: 2, lost: 0, begun: 0 },
      lostCost: 0,
    })
    expect(store.modelCalls.calls('r1').slice(0, 2)).toMatchObject([
      { state: 'refused', cost: 0, note: expect.stringContaining('429 Not now.') },
      { state: 'refused', cost: 0, note: expect.stringContaining('503 Not now.') },
    ])
  })

  it.for(['0', 'Mon, 30 Nov 2020 12:00:00 GMT'])(
    'that is busy and says to come at once (%s) is asked again with pauses that grow',
    async (retryAfter, { expect, onTestFinished }) => {
      const { review, stub } = await asking(
        { onTestFinished },
        {
          behave: ({ number }) =>
            number < 50 ? { kind: 'refuse', status: 429, retryAfter } : { kind: 'answer', text: TEXT },
          // One pause, of a second, and not another.
          settings: { patienceMs: 2_500 },
        },
      )
      await expect(review('r1')).rejects.toMatchObject({ code: 'MODEL_BUSY', retryAfterMs: 2_000 })
      expect(stub.requests).toHaveLength(2)
    },
  )

  it('that takes its time to say that it is busy uses up patience, too', async ({
    expect,
    onTestFinished,
  }) => {
    const store = openStore(':memory:')
    onTestFinished(() => store.close())
    let asked = 0
    const call = paidCalls({
      settings: { ...MODEL_DEFAULTS, url: '', key: KEY, model: 'slow', patienceMs: 3_100 },
      book: store.modelCalls,
      withPermit: (signal, work) => work(signal),
      async ask() {
        asked += 1
        await sleep(200)
        throw new ModelAwayError('It is busy.', undefined)
      },
    })
    const caller = { reviewId: 'r1', instance: 'one', contentKey: 'k', fence: 1 }
    const listening = { signal: new AbortController().signal, onProgress: () => undefined }
    // The pauses alone are 3 s.
    await expect(call([], caller, listening)).rejects.toMatchObject({ code: 'MODEL_BUSY' })
    expect(asked).toBe(2)
  })

  it('that is busy for longer than a lease is waited for by one alone', async ({
    expect,
    onTestFinished,
  }) => {
    const leaseMs = 3_000
    const storage = memoryStorage()
    const one = await asking(
      { onTestFinished },
      { ...first({ kind: 'refuse', status: 429, retryAfter: '7' }), storage, leaseMs },
    )
    const settings = { url: one.stub.url }
    const two = await asking({ onTestFinished }, { storage, leaseMs, settings })
    await Promise.all([one.review('r1'), two.review('r2')])
    expect(one.stub.requests).toHaveLength(2)
    const [execution] = (await one.holdfast.idempotency.list('model-call')).executions
    expect(execution).toMatchObject({ status: 'completed', attempt: 1 })
  })

  it('that is busy for longer than a review waits makes it fail, with the time when to start it again', async ({
    expect,
    onTestFinished,
  }) => {
    const { review, stub, holdfast } = await asking(
      { onTestFinished },
      first({ kind: 'refuse', status: 429, retryAfter: '3600' }),
    )
    await expect(review('r1')).rejects.toMatchObject({
      code: 'MODEL_BUSY',
      message: 'The model is busy or out of order (429 Not now.). Start the review again in 3600 s.',
      retryAfterMs: 3_600_000,
    })
    // The next start does not even ask.
    await expect(review('r2')).rejects.toMatchObject({ code: 'MODEL_BUSY' })
    expect(stub.requests).toHaveLength(1)
    const [execution] = (await holdfast.idempotency.list('model-call')).executions
    expect(execution).toMatchObject({ status: 'failed', attempt: 1 })
  })

  it('is asked twice at a time, by however many instances', async ({ expect, onTestFinished }) => {
    const gate = Promise.withResolvers<void>()
    const storage = memoryStorage()
    const { url, ...stub } = await startModelStub({
      behave: () => ({ kind: 'answer', after: gate.promise }),
    })
    onTestFinished(() => stub.close())
    const fleet = await Promise.all(
      ['a.txt', 'b.txt', 'c.txt', 'd.txt'].map(
        async (path) =>
          await asking({ onTestFinished }, { storage, settings: { url }, diff: adding(path, ['new']) }),
      ),
    )
    const reviews = fleet.map(({ review }, index) => review(`r${index}`))
    const permits = fleet[0]?.holdfast.locks.semaphore(MODEL_CALLS, { permits: MODEL_PERMITS })
    await expect.poll(() => permits?.inspect()).toMatchObject({ holders: { length: 2 }, waiting: 2 })
    await expect.poll(() => stub.open()).toBe(2)
    gate.resolve()
    await Promise.all(reviews)
    expect([stub.requests.length, stub.mostAtOnce()]).toEqual([4, 2])
  })

  it('that is busy for too long leaves a job that runs again after that time, and not before', async ({
    expect,
    onTestFinished,
  }) => {
    const holdfast = createHoldfast({ storage: memoryStorage() })
    onTestFinished(() => holdfast.close())
    const guard = withHoldfast(holdfast.idempotency, 10_000)
    const start = (): Promise<unknown> =>
      guard('ai-review', 'r1', { onInProgress: 'reject' }, async () => {
        throw new ModelBusyError('The model is busy.', 60_000)
      })
    const first = await start().catch((error: unknown) => error)
    expect([first, recordedFailureOf(first)]).toMatchObject([{ code: 'MODEL_BUSY' }, undefined])
    const again = await start().catch((error: unknown) => error)
    expect(again).toMatchObject({ code: 'MODEL_BUSY', message: expect.stringContaining('in 60 s') })
    expect(recordedFailureOf(again)?.retryAfterMs).toBeGreaterThan(0)
  })

  it('whose account is empty is not waited for', async ({ expect, onTestFinished }) => {
    const { review, store } = await asking(
      { onTestFinished },
      first({ kind: 'refuse', status: 429, code: 'insufficient_quota', message: 'You have no credit.' }),
    )
    await review('r1')
    expect(store.secondOpinions.find('r1')?.problem).toContain('You have no credit.')
  })

  it('whose answer is there counts, also where the book cannot be written', async ({
    expect,
    onTestFinished,
  }) => {
    const { review, store, holdfast, told } = await asking({ onTestFinished }, first())
    const { end } = store.modelCalls
    const locked = (): never => {
      throw new Error('database is locked')
    }
    Object.assign(store.modelCalls, { end: locked })
    expect((await review('r1')).findings).toHaveLength(2)
    expect(store.modelCalls.calls('r1')).toMatchObject([{ state: 'begun', isEstimate: true }])
    expect(told).toContain('r1 Analyse: cannot write down what stub has cost: database is locked')
    // The next one that can write writes that down as well.
    Object.assign(store.modelCalls, { end })
    await holdfast.cache.namespace('model').clear()
    const [execution] = (await holdfast.idempotency.list('model-call')).executions
    await holdfast.idempotency.forget('model-call', execution?.jobKey ?? '')
    await review('r2')
    expect(store.modelCalls.spent()?.calls).toMatchObject({ answered: 2, begun: 0, lost: 0 })
  })

  it('that cannot be reached has cost nothing', async ({ expect, onTestFinished }) => {
    const { review, store, stub } = await asking({ onTestFinished }, { settings: { patienceMs: 0 } })
    await stub.close()
    await expect(review('r1')).rejects.toMatchObject({ code: 'MODEL_BUSY' })
    expect(store.modelCalls.spent('r1')).toMatchObject({ calls: { refused: 1, lost: 0 }, cost: 0 })
  })

  it('is no more listened to when the job is another’s, or its permit was taken away', async ({
    expect,
    onTestFinished,
  }) => {
    const { review, store, stub, holdfast } = await asking(
      { onTestFinished },
      first({ kind: 'stuck', text: TEXT }, { kind: 'stuck', text: TEXT }),
    )
    const permits = holdfast.locks.semaphore(MODEL_CALLS, { permits: MODEL_PERMITS })
    const leaving = new AbortController()
    const reviewing = review('r1', leaving.signal)
    reviewing.catch(() => undefined)
    await expect.poll(() => stub.open()).toBe(1)
    await permits.revoke()
    // It asks once more, with another permit.
    await expect.poll(() => stub.requests.length).toBe(2)
    await expect.poll(() => store.modelCalls.spent('r1')?.calls).toMatchObject({ lost: 1, begun: 1 })
    leaving.abort(new Error('The lease was lost.'))
    await expect(reviewing).rejects.toThrow('The lease was lost.')
    await expect.poll(() => stub.open()).toBe(0)
    expect(store.modelCalls.spent('r1')?.calls).toMatchObject({ lost: 2, begun: 0 })
    expect((await permits.inspect()).holders).toEqual([])
  })
})

describe.concurrent('Retry-After', () => {
  it.for([
    [{ 'retry-after': '2' }, 2_000],
    [{ 'retry-after': 'Mon, 30 Nov 2026 12:00:05 GMT' }, 5_000],
    [{ 'retry-after': 'Mon, 30 Nov 2026 11:00:00 GMT' }, 0],
    [{ 'retry-after-ms': '250', 'retry-after': '1' }, 250],
    [{ 'retry-after-ms': '', 'retry-after': '1' }, 1_000],
    [{ 'retry-after-ms': 'Infinity' }, undefined],
    // The longest that counts: a day.
    [{ 'retry-after': '99999999999999999999999' }, 86_400_000],
    [{ 'retry-after': 'Mon, 30 Nov 2099 12:00:05 GMT' }, 86_400_000],
    [{ 'retry-after-ms': '1e9' }, undefined],
    [{ 'retry-after-ms': '999999999' }, 86_400_000],
    [{ 'retry-after': 'soon' }, undefined],
    [{}, undefined],
  ] as const)('of %j is %d ms', ([headers, ms], { expect }) => {
    expect(retryAfterIn(new Headers(headers), Date.UTC(2026, 10, 30, 12))).toBe(ms)
  })
})
