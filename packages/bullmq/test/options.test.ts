import { memoryStorage, createHoldfast } from '@holdfast/core'
import { describe, expect, it } from 'vitest'
import { withIdempotency } from '../src/index.ts'

const { idempotency } = createHoldfast({ storage: memoryStorage() })
const work = async (): Promise<void> => undefined

describe('withIdempotency', () => {
  it.each([
    ['idempotency', {}, 'pass holdfast.idempotency'],
    [
      'the whole instance',
      { idempotency: createHoldfast({ storage: memoryStorage() }) },
      'pass holdfast.idempotency',
    ],
    ['key', { idempotency, key: 'jobId' }, "key must be 'job' or 'data'; got \"jobId\"."],
    ['jobType', { idempotency, jobType: '' }, 'jobType must be a text'],
    ['waitMs', { idempotency, waitMs: -1 }, 'waitMs must be'],
    ['leaseMs', { idempotency, leaseMs: 5 }, 'leaseMs must be'],
    ['onLockLost', { idempotency, onLockLost: 'ignore' }, "onLockLost must be 'cancel' or 'continue'"],
    ['an unknown one', { idempotency, onLockLoss: 'cancel' }, 'did you mean `onLockLost`?'],
    ['what it decides itself', { idempotency, onInProgress: 'reject' }, 'Unknown option `onInProgress`'],
  ])('refuses a wrong %s at the call', (_what, options, message) => {
    expect(() => withIdempotency(work, options as never)).toThrow(message)
  })

  it('refuses a processor that is none', () => {
    expect(() => withIdempotency('./processor.js' as never, { idempotency })).toThrow(
      'The processor must be a function',
    )
  })

  it('is a processor with three parameters, for BullMQ counts them before it gives its signal', () => {
    expect(withIdempotency(work, { idempotency })).toHaveLength(3)
  })
})
