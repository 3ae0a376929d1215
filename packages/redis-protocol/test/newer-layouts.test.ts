import { createHoldfast } from '@holdfast/core'
import { startRedis } from '@holdfast/test-support/redis'
import { RespConnection } from '@holdfast/test-support/resp'
import { afterAll, beforeEach, describe, expect, it } from 'vitest'
import { redisStorage } from '../src/index.ts'
import { openPlainClient } from './plain-client.ts'

const server = await startRedis()
const admin = await RespConnection.open(server)
const holdfast = createHoldfast({ storage: redisStorage(await openPlainClient(server.port)), prefix: 'app' })
afterAll(async () => {
  await holdfast.close()
  admin.close()
  await server.stop()
})

const STATE = '{holdfast:l:app:lock:stock}:s'
const { locks } = holdfast

// `leases/state.ts`: what a newer layout begins with. The second has what a free lock has where a free lock has it.
describe.each(['V2|1795982912206771|{"holders":[]}', `V2${'0'.repeat(19)}#`, '{"v":2}', ''])(
  'a lock of another layout: %j',
  (state) => {
    beforeEach(async () => void (await admin.send('SET', STATE, state)))

    it.each([
      ['acquire', () => locks.acquire('stock')],
      ['tryAcquire', () => locks.tryAcquire('stock')],
      ['inspect', () => locks.inspect('stock')],
      ['revoke', () => locks.revoke('stock')],
    ])('is left as it is by %s, which says what to do', async (_, call) => {
      await expect(call()).rejects.toMatchObject({
        code: 'STORAGE_REFUSED',
        message: expect.stringMatching(
          /newer version of Holdfast, or another program, has written \{holdfast:l:app:lock:stock\}:s, .* delete the key/,
        ) as unknown,
      })
      expect(await admin.send('GET', STATE)).toBe(state)
    })

    it('ends the lease of a holder whose lock it replaces', async () => {
      await admin.send('DEL', STATE)
      const lease = await locks.acquire('stock', { leaseMs: 500 })
      await admin.send('SET', STATE, state)
      await expect(lease.extend(1_000)).rejects.toMatchObject({ code: 'STORAGE_REFUSED' })
      await new Promise((resolve) => lease.signal.addEventListener('abort', resolve))
      expect(lease.signal.reason).toMatchObject({ code: 'LEASE_LOST', cause: { code: 'STORAGE_REFUSED' } })
      await expect(lease.release()).rejects.toMatchObject({ code: 'STORAGE_REFUSED' })
      expect(await admin.send('GET', STATE)).toBe(state)
    })
  },
)

it('a record of another layout is neither run, nor replaced, nor listed; forget removes it', async () => {
  const { idempotency } = holdfast
  await idempotency.run('job', 'key', () => 1)
  const [key = ''] = (await admin.send('KEYS', '*:key')) as string[]
  await admin.send('SET', key, 'V2 1795982912206771 {"status":"completed"}')
  for (const call of [
    () => idempotency.run('job', 'key', () => 2),
    () => idempotency.getExecutionStatus('job', 'key'),
    () => idempotency.waitForCompletion('job', 'key'),
    () => idempotency.requestCancel('job', 'key'),
  ])
    await expect(call()).rejects.toMatchObject({ code: 'RECORD_UNREADABLE' })
  expect((await idempotency.list('job')).executions).toEqual([])
  expect(await idempotency.cleanupExpiredExecutions(0)).toBe(0)
  expect(await admin.send('GET', key)).toBe('V2 1795982912206771 {"status":"completed"}')
  expect(await idempotency.forget('job', 'key')).toBe(true)
  expect(await idempotency.run('job', 'key', () => 3)).toMatchObject({ status: 'executed', attempt: 1 })
})
