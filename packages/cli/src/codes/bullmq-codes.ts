import type { HoldfastErrorCode } from '@holdfast/core'
import { type Explanations, explained } from './explanation.ts'

export type BullmqErrorCode = Extract<HoldfastErrorCode, `JOB_${string}`>

/** What the signal of a BullMQ job says. */
export const BULLMQ_ERRORS: Explanations<BullmqErrorCode> = explained(
  { kind: 'error', from: '@holdfast/bullmq' },
  {
    JOB_LOCK_LOST: [
      "The reason of a signal: BullMQ's lock of the job is lost. Its worker did not renew it within lockDuration, or the job was removed. The execution is released, and the next delivery continues it.",
      'Stop working. Find what blocks the event loop of the worker, or raise lockDuration. With onLockLost continue the work goes on to its end.',
    ],
  },
)
