import { QUICK, LONG, WAITS, type Metric } from './metric.ts'

const CHANNEL = 'holdfast:locks'

export type LockMetric =
  | 'lockWaitDuration'
  | 'lockWaiting'
  | 'lockHeld'
  | 'lockOldestAge'
  | 'lockHeldDuration'
  | 'lockLost'
  | 'lockRenewalLag'
  | 'lockRenewalFailures'

/** Locks and permits of semaphores. */
export const LOCK_METRICS: Readonly<Record<LockMetric, Metric>> = {
  lockWaitDuration: {
    kind: 'histogram',
    name: 'holdfast.lock.wait.duration',
    unit: 's',
    labels: ['lock', 'outcome'],
    help: 'From asking for a lock until it was granted or the call gave up. outcome: granted, timedOut, skipped, aborted, closed, storageUnavailable, failed.',
    from: `${CHANNEL}: granted gaveUp`,
    buckets: WAITS,
  },
  lockWaiting: {
    kind: 'gauge',
    name: 'holdfast.lock.waiting',
    unit: '{call}',
    labels: ['lock'],
    help: 'Calls of this process that wait in line for a lock now.',
    from: `${CHANNEL}: waiting granted gaveUp`,
  },
  lockHeld: {
    kind: 'gauge',
    name: 'holdfast.lock.held',
    unit: '{lock}',
    labels: ['lock'],
    help: 'Locks that this process holds now.',
    from: `${CHANNEL}: granted released releaseFailed lost abandoned`,
  },
  lockOldestAge: {
    kind: 'gauge',
    name: 'holdfast.lock.oldest_age',
    unit: 's',
    labels: ['lock'],
    help: 'For how long this process has held the lock that it holds the longest; 0 when it holds none.',
    from: `${CHANNEL}: granted released releaseFailed lost abandoned`,
  },
  lockHeldDuration: {
    kind: 'histogram',
    name: 'holdfast.lock.held.duration',
    unit: 's',
    labels: ['lock', 'outcome'],
    help: 'How long locks were held. outcome: released, expired, lost, releaseFailed, abandoned.',
    from: `${CHANNEL}: released releaseFailed lost abandoned`,
    buckets: LONG,
  },
  lockLost: {
    kind: 'counter',
    name: 'holdfast.lock.lost',
    unit: '{lock}',
    labels: ['lock', 'reason'],
    help: 'Locks that were lost while they were held. reason: revoked, taken (expired, evicted or deleted), outage, expired, maxHold. 0 from the first grant on.',
    from: `${CHANNEL}: lost`,
  },
  lockRenewalLag: {
    kind: 'histogram',
    name: 'holdfast.lock.renewal.lag',
    unit: 's',
    labels: ['lock'],
    help: 'From when the renewal of a lock was due until it was acknowledged, retries included. Near two thirds of the lease, it gets lost.',
    from: `${CHANNEL}: renewed`,
    buckets: QUICK,
  },
  lockRenewalFailures: {
    kind: 'counter',
    name: 'holdfast.lock.renewal.failures',
    unit: '{renewal}',
    labels: ['lock'],
    help: 'Attempts to renew a lock that failed. 0 from the first grant on.',
    from: `${CHANNEL}: renewalFailed`,
  },
}
