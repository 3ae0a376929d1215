import { describe, expect, it } from 'vitest'
import {
  type HoldfastErrorCode,
  ExecutionLostError,
  HoldfastError,
  type Idempotency,
  type Storage,
  StorageUnavailableError,
  createIdempotency,
  memoryStorage,
} from '@holdfast/core'
import type { RecordStorage } from '@holdfast/core/storage'

/** A storage whose next write of an end is executed, but answered only after `meanwhile`, and then not at all. */
function losingOneAnswer(meanwhile: () => Promise<unknown>): Storage & { armed: boolean } {
  const memory = memoryStorage()
  const state = { ...memory, armed: false }
  const put: RecordStorage['put'] = async (key, rev, write) => {
    const reply = await memory.records.put(key, rev, write)
    if (!state.armed) return reply
    state.armed = false
    await meanwhile()
    throw new StorageUnavailableError('The answer was lost.', { maybeApplied: true })
  }
  state.records = { ...memory.records, put }
  return state
}

async function endUnanswered(end: 'markSuccess' | 'markFailure' | 'release') {
  let other: Idempotency | undefined
  const storage = losingOneAnswer(async () => other?.begin('job', 'a', { completedWindowMs: 0 }))
  other = createIdempotency(storage)
  const mine = createIdempotency(storage)
  const begun = await mine.begin('job', 'a')
  if (begun.status !== 'started') throw new Error(begun.status)
  storage.armed = true
  const { execution } = begun
  const ending = end === 'release' ? execution.release() : execution[end](new Error('or a result'))
  const ended = ending.then(
    () => 'recorded',
    (error: unknown) => error,
  )
  return { ended: await ended, now: await other.getExecutionStatus('job', 'a'), close: () => mine.close() }
}

it.each(['markSuccess', 'markFailure', 'release'] as const)(
  '%s knows that it was recorded although its answer was lost and a successor runs already',
  async (end) => {
    const { ended, now, close } = await endUnanswered(end)
    expect(ended).toBe('recorded')
    expect(now).toMatchObject({ status: 'executing', attempt: end === 'markFailure' ? 2 : 1 })
    await close()
  },
)

it('still reports a loss when the successor has taken over from an execution that had not ended', async () => {
  const storage = memoryStorage()
  const [mine, other] = [createIdempotency(storage), createIdempotency(storage)]
  const begun = await mine.begin('job', 'a')
  if (begun.status !== 'started') throw new Error(begun.status)
  await other.forget('job', 'a')
  await other.begin('job', 'a')
  await expect(begun.execution.markSuccess()).rejects.toThrow(ExecutionLostError)
  await Promise.all([mine.close(), other.close()])
})

describe('an end that could not be sent', () => {
  it.each(['CLIENT_CLOSED', 'CLIENT_NOT_CONNECTED', 'SOMETHING_NEW'])(
    'because of %s leaves the success a success, with the result in the error',
    async (code) => {
      const storage = memoryStorage()
      let isClosed = false
      const records: RecordStorage = {
        ...storage.records,
        put: (...args) =>
          isClosed
            ? Promise.reject(new HoldfastError(code as HoldfastErrorCode, 'the client has ended'))
            : storage.records.put(...args),
      }
      const idempotency = createIdempotency({ ...storage, records })
      const run = idempotency.run('job', 'k', () => {
        isClosed = true
        return 'charged'
      })
      await expect(run).rejects.toMatchObject({
        code: 'COMPLETION_UNCONFIRMED',
        result: 'charged',
        cause: { code },
      })
      isClosed = false
      expect(await idempotency.getExecutionStatus('job', 'k')).toMatchObject({ status: 'executing' })
    },
  )
})
