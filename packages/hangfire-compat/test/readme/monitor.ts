// #region monitor
import { createHangfireMonitor } from '@holdfast/hangfire-compat'
import { ioredisClient } from '@holdfast/redis-ioredis'
import type { Redis } from 'ioredis'

/** Logs the states of a job until it has ended. */
export async function follow(redis: Redis, id: string, signal: AbortSignal): Promise<void> {
  const monitor = createHangfireMonitor(ioredisClient(redis), { prefix: '{hangfire}:' })
  for await (const { state, queue, history } of monitor.watch(id, { signal }))
    console.log(`${state} on ${queue}: ${history[0]?.reason ?? 'no reason given'}`)
  const [lastRun] = await monitor.console(id)
  for (const { text } of lastRun?.lines ?? []) console.log(text)
}
// #endregion
