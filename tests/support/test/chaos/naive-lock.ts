// The lock of a thousand web pages: the chaos must find its defects.
import { setTimeout as delay } from 'node:timers/promises'
import { between, clock, type Workload } from '@holdfast/test-support/chaos'
import { Redis } from 'ioredis'

const LEASE_MS = 200

export const workload: Workload = {
  livenessMs: 1_000,
  windowMsOf: () => 0,

  async run({ index, port, random, witness, ledger, stopping }) {
    const redis = new Redis(port, '127.0.0.1', { retryStrategy: () => 20 })
    redis.on('error', () => {})
    for (let n = 0; !stopping.aborted; n++) {
      const askedAt = clock()
      if ((await redis.set('lock', index, 'PX', LEASE_MS, 'NX')) !== 'OK') {
        await delay(between(random, 1, 10))
        continue
      }
      const owner = `${process.pid}-${n}`
      const fence = await redis.incr('fence')
      await redis.pexpire('fence', 60_000)
      witness.record({ type: 'granted', at: clock(), askedAt, key: 'lock', owner, fence })
      const value = await ledger.read('lock', owner, fence)
      await delay(between(random, 1, 20))
      // One worker's jobs outlast its lease: they end when another worker runs, so that the violation is certain.
      while (index === 0 && !stopping.aborted && (await ledger.read('lock', owner, fence)) !== null)
        await delay(10)
      if (value !== null) await ledger.increment('lock', owner, fence, value)
      // The worker believes in its lock until it releases it.
      witness.record({ type: 'valid', at: clock(), owner })
      witness.record({ type: 'ending', at: clock(), owner, how: 'release' })
      await redis.del('lock')
      witness.record({ type: 'ended', at: clock(), owner, accepted: true })
    }
    redis.disconnect()
  },
}
