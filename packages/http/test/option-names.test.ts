import { createHoldfast, memoryStorage } from '@holdfast/core'
import { createHttpIdempotency } from '@holdfast/http'
import { describe, expect, it } from 'vitest'

/** Values that a caller without the types may pass. */
const wrong = (options: object): never => options as never
const { idempotency } = createHoldfast({ storage: memoryStorage() })

describe('an unknown option', () => {
  it.each<[string, RegExp, () => unknown]>([
    [
      'a route',
      /maxResponseByte\b.*maxResponseBytes/,
      () => createHttpIdempotency(idempotency, wrong({ scope: 'global', maxResponseByte: 1 })),
    ],
    [
      'how a route waits',
      /maxWaiter\b.*maxWaiters/,
      () => createHttpIdempotency(idempotency, { scope: 'global', wait: wrong({ maxMs: 1, maxWaiter: 1 }) }),
    ],
  ])('is refused by %s', (_, message, call) => {
    const text = expect.stringMatching(message) as string
    expect(call).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT', message: text }))
  })
})
