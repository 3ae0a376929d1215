import { describe, expect, it } from 'vitest'
import { createWorld, started } from './world.ts'

// A deploy has two versions at work, and the newer one may know members of a record that this one does not.
describe('a member of a record that this version does not know', () => {
  it('stays with the execution until its end, whoever writes', async () => {
    const { storage, join } = createWorld()
    const { idempotency } = join()
    const execution = await started(idempotency)
    const key = { collection: 'app:job', id: 'k' }
    const stored = async (): Promise<Record<string, unknown>> => {
      const { entry } = await storage.records.read(key)
      return JSON.parse(entry?.value ?? '{}') as Record<string, unknown>
    }
    const { entry } = await storage.records.read(key)
    const value = JSON.stringify({ ...(await stored()), added: { by: 'a newer version' } })
    await storage.records.put(key, entry?.rev ?? 0, { writeId: 'w', value, ttlMs: 60_000, notify: false })

    await execution.saveCheckpoint(7)
    expect(await stored()).toMatchObject({ checkpoint: '7', added: { by: 'a newer version' } })
    await join().idempotency.requestCancel('job', 'k')
    await execution.markSuccess(8)
    const ended = await stored()
    expect(ended).toMatchObject({ status: 'completed', added: { by: 'a newer version' } })
    // What belongs to a state ends with it.
    expect(Object.keys(ended)).not.toEqual(
      expect.arrayContaining(['leaseMs', 'timeoutMs', 'checkpoint', 'cancelRequested']),
    )
  })

  it('does not pass on to the next execution', async () => {
    const { storage, join } = createWorld()
    const { idempotency } = join()
    await (await started(idempotency)).markFailure(new Error('no'))
    const key = { collection: 'app:job', id: 'k' }
    const { entry } = await storage.records.read(key)
    const value = (entry?.value ?? '').replace('{', '{"added":1,')
    await storage.records.put(key, entry?.rev ?? 0, { writeId: 'w', value, ttlMs: 60_000, notify: false })
    expect((await started(idempotency)).attempt).toBe(2)
    expect((await storage.records.read(key)).entry?.value).not.toContain('added')
  })
})

it('a result that a newer version keeps in another way is neither replayed as something else nor made again', async () => {
  const { storage, join } = createWorld()
  const { idempotency } = join()
  const result = { kind: 'chunked', data: '1' }
  const value = JSON.stringify({ v: 1, status: 'completed', executionId: 'x', attempt: 1, result })
  const write = { writeId: 'w', value, ttlMs: 60_000, notify: false }
  await storage.records.put({ collection: 'app:job', id: 'k' }, null, write)
  const run = idempotency.run('job', 'k', () => 'once more')
  await expect(run).rejects.toMatchObject({ code: 'RESULT_NOT_STORED' })
  await expect(run).rejects.toThrow(/kept as chunked: a newer version/)
  expect(await idempotency.getExecutionStatus('job', 'k')).toMatchObject({
    status: 'completed',
    result: undefined,
    resultOmitted: 'unreadable',
  })
})
