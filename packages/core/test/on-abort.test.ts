import { getEventListeners } from 'node:events'
import { describe, expect, it } from 'vitest'
import { createHoldfast, memoryStorage } from '@holdfast/core'
import { type AbortListener, listenForAbort, stopListening } from '../src/support/on-abort.ts'

const listenersOf = (signal: AbortSignal): number => getEventListeners(signal, 'abort').length

describe('one signal for many', () => {
  function crowd(count: number): {
    readonly controller: AbortController
    readonly heard: number[]
    readonly listeners: readonly AbortListener[]
  } {
    const controller = new AbortController()
    const heard: number[] = []
    const listeners = Array.from({ length: count }, (_, i) => ({ aborted: () => void heard.push(i) }))
    for (const listener of listeners) listenForAbort(controller.signal, listener)
    return { controller, heard, listeners }
  }

  it.each([1, 2, 12])(
    'has one listener, and calls %i callbacks in the order in which they were added',
    (count) => {
      const { controller, heard } = crowd(count)
      expect(listenersOf(controller.signal)).toBe(1)
      controller.abort()
      expect(heard).toEqual(Array.from({ length: count }, (_, i) => i))
    },
  )

  it('has none after the last callback is removed, and one again for later callbacks', () => {
    const { controller, heard, listeners } = crowd(3)
    const { signal } = controller
    const stranger = { aborted: () => void heard.push(-1) }
    stopListening(signal, stranger)
    expect(listenersOf(signal)).toBe(1)
    for (const listener of listeners) stopListening(signal, listener)
    expect(listenersOf(signal)).toBe(0)
    listenForAbort(signal, stranger)
    expect(listenersOf(signal)).toBe(1)
    controller.abort()
    expect(heard).toEqual([-1])
  })

  it('does not call a callback that is removed while the others are called', () => {
    const controller = new AbortController()
    const heard: string[] = []
    const second = { aborted: () => void heard.push('second') }
    listenForAbort(controller.signal, {
      aborted() {
        heard.push('first')
        stopListening(controller.signal, second)
      },
    })
    listenForAbort(controller.signal, second)
    controller.abort()
    expect(heard).toEqual(['first'])
  })
})

describe('one signal of a caller', () => {
  const MANY = 12
  const many = <T>(one: () => Promise<T>): Promise<unknown>[] =>
    Array.from({ length: MANY }, () => one().catch((error: unknown) => error))

  it('has one listener for any number of waiters, and none after they are notified', async () => {
    await using holdfast = createHoldfast({ storage: memoryStorage() })
    const { idempotency, locks } = holdfast
    const begun = await idempotency.begin('job', 'k')
    const lease = await locks.acquire('a')
    const controller = new AbortController()
    const { signal } = controller
    const options = { onInProgress: 'wait', signal, waitMs: 600_000 } as const
    const over = [
      ...many(() => idempotency.run('job', 'k', options, () => 'never')),
      ...many(() => idempotency.waitForCompletion('job', 'k', { signal, waitMs: Infinity })),
      ...many(() => locks.acquire('a', { signal, waitMs: Infinity })),
    ]
    const watches = many(async () => {
      for await (const { status } of idempotency.watch('job', 'k', { signal }))
        expect(status).toBe('executing')
      return 'ended'
    })
    await expect.poll(async () => (await locks.inspect('a')).waiting).toBe(MANY)
    expect(listenersOf(signal)).toBe(1)
    controller.abort(new Error('enough'))
    const codes = (await Promise.all(over)).map((error) => (error as { code: string }).code)
    expect(codes).toEqual([
      ...Array.from({ length: 2 * MANY }, () => 'WAIT_ABORTED'),
      ...Array.from({ length: MANY }, () => 'LOCK_ABORTED'),
    ])
    expect(new Set(await Promise.all(watches))).toEqual(new Set(['ended']))
    expect(listenersOf(signal)).toBe(0)
    await lease.release()
    expect(begun.status).toBe('started')
  })
})
