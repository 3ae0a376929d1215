/**
 * A Node process of `hangfire-locks.ts`: `hangfire-lock-worker.ts <url> <leaseMs>`. It reads and says the lines that `drive` of
 * tests/dotnet does for `lock NAME SECONDS --wait SECONDS --times N`, and `lost` when the signal of a lease aborts.
 */
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { HoldfastError, createHoldfast } from '@holdfast/core'
import { ioredisStorage } from '@holdfast/redis-ioredis'
import { Redis } from 'ioredis'

const [, , url = '', leaseMs = ''] = process.argv
const redis = new Redis(url)
// The calls that need the connection say what is wrong with it.
redis.on('error', () => {})
const { locks } = createHoldfast({ storage: ioredisStorage(redis), locks: { leaseMs: Number(leaseMs) } })

function say(event: string): void {
  process.stdout.write(`${JSON.stringify({ event, at: performance.timeOrigin + performance.now() })}\n`)
}

async function hold(name: string, holdMs: number, waitMs: number): Promise<void> {
  const lease = await locks.acquire(name, { waitMs })
  say('acquired')
  lease.signal.addEventListener('abort', () => say('lost'))
  await redis.incr(`witness:${name}`)
  say('enter')
  if (holdMs > 0) await sleep(holdMs, undefined, { signal: lease.signal }).catch(() => {})
  say('leave')
  if (lease.signal.aborted) return
  await redis.decr(`witness:${name}`)
  await lease.release()
  say('released')
}

say('driving')
for await (const line of createInterface(process.stdin)) {
  const [, name = '', seconds, , wait, , times] = line.split(' ')
  for (let i = 0; i < Number(times); i += 1)
    await hold(name, Number(seconds) * 1_000, Number(wait) * 1_000).catch((error: unknown) => {
      if (!HoldfastError.isInstance(error) || error.code !== 'LOCK_TIMEOUT') throw error
      say('timeout')
    })
  say('done')
}
process.exit()
