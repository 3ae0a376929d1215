import { describe, expect, it } from 'vitest'
import { createWorld, started } from './world.ts'

// Every write of an execution carries these, renewals included.

describe('a checkpoint', () => {
  it('of more than maxCheckpointBytes is refused, nothing is sent, and the one before it stays', async () => {
    const { commands, join } = createWorld()
    const { idempotency } = join({ maxCheckpointBytes: 12 })
    const execution = await started(idempotency)
    await execution.saveCheckpoint('é'.repeat(5)) // with its quotes, 12 bytes
    commands.length = 0
    for (const large of ['é'.repeat(5) + 'x', 'x'.repeat(11), { large: 'x'.repeat(1_000_000) }]) {
      await expect(execution.saveCheckpoint(large)).rejects.toMatchObject({ code: 'CHECKPOINT_TOO_LARGE' })
    }
    expect(commands).toEqual([])
    expect(execution.checkpoint).toBe('é'.repeat(5))
    expect((await idempotency.getExecutionStatus('job', 'k'))?.checkpoint).toBe('é'.repeat(5))
  })

  it('may take 64 KiB unless a job or a call says otherwise', async () => {
    const { join } = createWorld()
    const { idempotency } = join()
    const usual = await started(idempotency)
    await usual.saveCheckpoint('x'.repeat(65_534))
    await expect(usual.saveCheckpoint('x'.repeat(65_535))).rejects.toThrow(/65537 bytes; 65536 are allowed/)
    const roomy = await started(idempotency, { maxCheckpointBytes: 1_000_000 }, 'roomy')
    await roomy.saveCheckpoint('x'.repeat(999_998))
    const job = idempotency.define<string, void>('strict', { key: (id) => id, maxCheckpointBytes: 0 })
    const none = job.run('a', (execution) => execution.saveCheckpoint(null))
    // Not caught by the body, so it is how the job failed.
    await expect(none).rejects.toMatchObject({ code: 'CHECKPOINT_TOO_LARGE' })
    expect(await job.getExecutionStatus('a')).toMatchObject({ error: { code: 'CHECKPOINT_TOO_LARGE' } })
  })

  it('that an attempt with a higher limit left is still there for the next', async () => {
    const { join } = createWorld()
    const first = await started(join({ maxCheckpointBytes: 1_000 }).idempotency)
    await first.saveCheckpoint('x'.repeat(900))
    await first.release()
    const second = await started(join({ maxCheckpointBytes: 10 }).idempotency)
    expect(second.checkpoint).toBe('x'.repeat(900))
    await second.updateProgress(1)
  })
})

describe('what people read', () => {
  const long = 'é'.repeat(1_000)
  const cut = `${'é'.repeat(512)}…`

  it('is cut to 1,024 bytes: the message of a progress', async () => {
    const { join } = createWorld()
    const { idempotency } = join()
    const execution = await started(idempotency)
    await execution.updateProgress(10, long)
    expect(await join().idempotency.getExecutionStatus('job', 'k')).toMatchObject({ progressMessage: cut })
  })

  it('is cut to 1,024 bytes: the reason of a request to cancel', async () => {
    const { runtime, join } = createWorld()
    const { idempotency } = join()
    const execution = await started(idempotency)
    await idempotency.requestCancel('job', 'k', { reason: long })
    await runtime.advance(1)
    expect((execution.signal.reason as Error).message).toBe(cut)
  })

  it('is refused when the instance is made: its name', () => {
    const { join } = createWorld()
    expect(() => join({ instance: 'x'.repeat(1_025) })).toThrow(/instance takes 1025 bytes/)
    expect(() => join({ instance: 7 as unknown as string })).toThrow(/instance must be a non-empty string/)
  })
})
