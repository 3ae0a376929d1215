import { describe, expect, it } from 'vitest'
import { settle } from '../manual-runtime.ts'
import { createWorld, gate, watched } from './world.ts'

describe('a body that records its end itself', () => {
  it.each([
    ['and waits', true],
    ['and does not wait', false],
  ])('as a success: its caller gets what replays get, %s', async (_, waits) => {
    const { idempotency } = createWorld().join()
    const first = await idempotency.run('job', 'k', async (execution) => {
      const recorded = execution.markSuccess('recorded')
      if (waits) await recorded
      return 'returned'
    })
    expect(first).toMatchObject({ status: 'executed', result: 'recorded' })
    const second = await idempotency.run('job', 'k', () => 'again')
    expect(second).toMatchObject({ status: 'replayed', result: 'recorded' })
  })

  it.each([
    ['and waits', true],
    ['and does not wait', false],
  ])('as a failure: that is what its caller gets, %s', async (_, waits) => {
    const { idempotency } = createWorld().join()
    const failure = new RangeError('no such order')
    const run = idempotency.run('job', 'k', async (execution) => {
      const recorded = execution.markFailure(failure, { final: true })
      if (waits) await recorded
    })
    await expect(run).rejects.toBe(failure)
    const again = idempotency.run('job', 'k', () => 'again')
    await expect(again).rejects.toMatchObject({ name: 'RangeError', message: 'no such order' })
  })

  it('by release: run has no result', async () => {
    const { idempotency } = createWorld().join()
    const run = idempotency.run('job', 'k', (execution) => execution.release())
    await expect(run).rejects.toMatchObject({ code: 'EXECUTION_RELEASED' })
    expect(await idempotency.getExecutionStatus('job', 'k')).toMatchObject({ released: true })
  })
})

it('waits for an end that its body does not wait for, and whose result is kept elsewhere first', async () => {
  const { idempotency } = createWorld().join()
  const kept: unknown[] = []
  const saving = gate()
  const references = {
    async save(result: unknown) {
      await saving.promise
      return String(kept.push(result) - 1)
    },
    load: async (reference: string) => kept[Number(reference)],
  }
  const options = { references, onResultTooLarge: 'reference', maxResultBytes: 8 } as const
  const run = idempotency.run('job', 'k', options, (execution) => {
    void execution.markSuccess('what was recorded')
    return 'what was returned'
  })
  await settle()
  saving.open()
  expect(await run).toMatchObject({ status: 'executed', result: 'what was recorded' })
  expect(kept).toEqual(['what was recorded'])
})

it('reports the unconfirmed success of a body, not the value that the body returned afterwards', async () => {
  const { join, runtime } = createWorld()
  const { idempotency, link } = join({ leaseMs: 10_000 })
  const run = watched(
    idempotency.run('job', 'k', async (execution) => {
      link.once('replace', 'unanswered')
      await execution.markSuccess('recorded').catch(() => undefined)
      return 'returned'
    }),
  )
  await runtime.advance(11_000)
  expect(run).toMatchObject({ state: 'resolved', value: { status: 'executed', result: 'recorded' } })
  expect(await idempotency.run('job', 'k', () => 'again')).toMatchObject({ result: 'recorded' })
})
