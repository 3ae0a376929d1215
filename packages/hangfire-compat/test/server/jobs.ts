import { defineHangfireJob, t } from '../../src/index.ts'
import { SERVER_TIMES, type ServerTimes } from '../../src/server/times.ts'

/** What a server does once in seconds it does many times a second. */
export const HURRIED: ServerTimes = {
  ...SERVER_TIMES,
  heartbeatMs: 200,
  scanMs: 200,
  checkMs: 50,
  slideMs: 100,
  statelessMs: [0, 20, 20, 20, 20],
  retryMs: 50,
  busyMs: 10,
  schedulers: { delayed: 50 },
}

/** In which a server that died is noticed within seconds, and one that is only slow is not. */
export const IMPATIENT: ServerTimes = {
  ...HURRIED,
  schedulers: { delayed: 50, fetched: 100 },
  watcher: { invisibilityMs: 8_000, checkedMs: 500 },
  serverTimeoutMs: 4_000,
}

export const echo = defineHangfireJob({
  type: 'Acme.Contracts.INodeJobs, Acme.Contracts',
  method: 'Echo',
  queue: 'node',
  parameters: [t.string, t.cancellationToken],
})
