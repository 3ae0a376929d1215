import { ENDED_KEPT_MS } from '@holdfast/core/storage'
import { startRedis } from '@holdfast/test-support/redis'
import { RespConnection } from '@holdfast/test-support/resp'
import { afterAll, describe, expect, it } from 'vitest'
import { redisStorage } from '../src/index.ts'
import { openPlainClient } from './plain-client.ts'

const server = await startRedis()
const admin = await RespConnection.open(server)
const storage = redisStorage(await openPlainClient(server.port))
afterAll(async () => {
  await storage.close()
  admin.close()
  await server.stop()
})

const KEY = '{holdfast:l:lock}:s'
const FENCE = '1'.repeat(16)
const HELD = `1${'9'.repeat(13)}${FENCE}q.1|`
const request = {
  token: 'p.1',
  leaseMs: 1_000,
  permits: 1,
  wait: false,
  claimMs: 1_000,
  notAfter: 9_999_999_999_999,
}

// `leases/state.ts`: a free lock is decided in the first lines of the script, another one by what follows.
describe.each([
  ['free', ''],
  ['held', HELD],
])('an ending that a %s lock remembers', (_, holders) => {
  it('counts to the end of its last millisecond, in which a late acquire may still come', async () => {
    const { leases } = storage
    // Redis shows its clock with each answer: one try after the other, until one was answered in that very millisecond.
    for (let lastMs = 0; lastMs === 0;) {
      const until = (await storage.time()) + 1
      const since = String(until - ENDED_KEPT_MS).padStart(13, '0')
      await admin.send('SET', KEY, `${FENCE}00001${holders}#r${since},p.1|`)
      const { outcome, now } = await leases.acquire('lock', request)
      expect([until - now, outcome === 'ended']).toEqual([until - now, now <= until])
      lastMs = now === until ? 1 : 0
    }
  })
})
