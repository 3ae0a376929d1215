// A sandboxed processor of BullMQ: its process opens its own client and Holdfast.
import { once } from 'node:events'
import { withIdempotency } from '@holdfast/bullmq'
import { createHoldfast } from '@holdfast/core'
import { ioredisStorage } from '@holdfast/redis-ioredis'
import type { Job } from 'bullmq'
import { Redis } from 'ioredis'
import { record } from './witness.ts'

export interface SandboxedWork {
  readonly key: string
  readonly witness: string
  /** The first attempt lasts until its signal aborts. */
  readonly held?: boolean
}

const redis = new Redis(process.env['REDIS_URL'] ?? '')
const { idempotency } = createHoldfast({ storage: ioredisStorage(redis) })
let hasHeld = false

export default withIdempotency(
  async ({ data }: Job<SandboxedWork>, _token, signal, execution): Promise<string> => {
    record(data.witness, 'ran', { key: data.key })
    await execution.updateProgress(50, 'in a sandbox')
    if (data.held && !hasHeld) {
      hasHeld = true
      if (!signal.aborted) await once(signal, 'abort')
      record(data.witness, 'aborted', { code: (signal.reason as { code: string }).code })
      throw signal.reason
    }
    return `attempt ${execution.attempt}`
  },
  { idempotency, key: ({ data }) => data.key, jobType: 'sandboxed', waitMs: 100, maxDelayMs: 200 },
)
