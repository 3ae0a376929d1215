/** What `hangfire.ts` reads of Redis while jobs run. */
import type { FaultProxy } from '@holdfast/test-support/proxy'
import type { Redis } from 'ioredis'

const SUCCEEDED = '{hangfire}:stats:succeeded'
/** What this process sends while it looks, and neither side does. */
const OWN = new Set(['getrange', 'info', 'config|resetstat'])

export interface Progress {
  /** Jobs that have succeeded. */
  readonly done: number
  /** On the clock of this process, in ms. */
  readonly at: number
  /** That Redis has used so far. */
  readonly cpuMicros: number
}

export async function progressOf(admin: Redis): Promise<Progress> {
  const [done, info] = await Promise.all([admin.getrange(SUCCEEDED, 0, -1), admin.info('cpu')])
  const seconds = ['used_cpu_sys', 'used_cpu_user'].map((name) =>
    Number(new RegExp(`^${name}:(.+)$`, 'm').exec(info)?.[1]),
  )
  return {
    done: Number(done),
    at: performance.now(),
    cpuMicros: seconds.reduce((sum, one) => sum + one, 0) * 1e6,
  }
}

export interface CommandsPerJob {
  /** By its process. */
  readonly sent: number
  /** That Redis ran, those within scripts included. */
  readonly all: number
  /** Which, and how many of each. */
  readonly names: string
}

/** @param act answers how many jobs it has done */
export async function commandsWhile(
  proxy: FaultProxy,
  admin: Redis,
  act: () => Promise<number>,
): Promise<CommandsPerJob> {
  let sent = 0
  // A fault that never takes a request sees them all.
  const matcher = proxy.every(() => {
    sent += 1
    return false
  }, 'hold-request')
  await admin.config('RESETSTAT')
  sent = 0
  const count = await act()
  const stats = await admin.info('commandstats')
  matcher.remove()
  const calls = Array.from(
    stats.matchAll(/^cmdstat_([^:]+):calls=(\d+)/gm),
    ([, name = '', n]) => [name, Number(n) / count] as const,
  ).filter(([name]) => !OWN.has(name))
  const names = calls
    .filter(([, n]) => n >= 0.01)
    .toSorted(([, a], [, b]) => b - a)
    .map(([name, n]) => `${name} ${n.toFixed(2)}`)
    .join(', ')
  return { sent: sent / count, all: calls.reduce((sum, [, n]) => sum + n, 0), names }
}
