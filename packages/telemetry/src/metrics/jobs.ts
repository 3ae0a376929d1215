import { QUICK, LONG, WAITS, type Metric } from './metric.ts'

const CHANNEL = 'holdfast:idempotency'

export type JobMetric =
  | 'jobDuration'
  | 'jobStarts'
  | 'jobAnswers'
  | 'jobRunning'
  | 'jobOldestAge'
  | 'jobLost'
  | 'jobWaiting'
  | 'jobWaitDuration'
  | 'jobRenewalLag'
  | 'jobRenewalFailures'
  | 'jobTraceContextDropped'

/** Executions of this process, and calls that met one. */
export const JOB_METRICS: Readonly<Record<JobMetric, Metric>> = {
  jobDuration: {
    kind: 'histogram',
    name: 'holdfast.job.duration',
    unit: 's',
    labels: ['job_type', 'outcome'],
    help: 'How long executions of this process ran, until their end was recorded. outcome: completed, failed, released, unconfirmed, lost, abandoned.',
    from: `${CHANNEL}: completed failed released unconfirmed lost abandoned`,
    buckets: LONG,
  },
  jobStarts: {
    kind: 'counter',
    name: 'holdfast.job.starts',
    unit: '{start}',
    labels: ['job_type', 'kind'],
    help: 'Executions that this process started. kind: first; retry, after a failure or a release; takeover, after the lease of an owner that fell silent.',
    from: `${CHANNEL}: started`,
  },
  jobAnswers: {
    kind: 'counter',
    name: 'holdfast.job.answers',
    unit: '{call}',
    labels: ['job_type', 'outcome'],
    help: 'Calls that started nothing. outcome: replayed, inProgress, failedBefore, mismatch.',
    from: `${CHANNEL}: replayed inProgress failedBefore mismatch`,
  },
  jobRunning: {
    kind: 'gauge',
    name: 'holdfast.job.running',
    unit: '{execution}',
    labels: ['job_type'],
    help: 'Executions that this process runs now.',
    from: `${CHANNEL}: started, and the events of jobDuration`,
  },
  jobOldestAge: {
    kind: 'gauge',
    name: 'holdfast.job.oldest_age',
    unit: 's',
    labels: ['job_type'],
    help: 'Age of the oldest execution that this process runs now; 0 when it runs none.',
    from: `${CHANNEL}: started, and the events of jobDuration`,
  },
  jobLost: {
    kind: 'counter',
    name: 'holdfast.job.lost',
    unit: '{execution}',
    labels: ['job_type', 'reason'],
    help: 'Executions whose lease was lost while they ran. reason: outage, expired, takenOver, ended, forgotten, vanished. 0 from the first start on.',
    from: `${CHANNEL}: lost`,
  },
  jobWaiting: {
    kind: 'gauge',
    name: 'holdfast.job.waiting',
    unit: '{call}',
    labels: ['job_type'],
    help: 'Calls that wait now for an execution of the same job.',
    from: `${CHANNEL}: waiting waited`,
  },
  jobWaitDuration: {
    kind: 'histogram',
    name: 'holdfast.job.wait.duration',
    unit: 's',
    labels: ['job_type', 'outcome'],
    help: 'How long calls waited for an execution of the same job. outcome: started, replayed, joined, failedBefore, mismatch, timedOut, aborted, storageUnavailable, closed, failed.',
    from: `${CHANNEL}: waited`,
    buckets: WAITS,
  },
  jobRenewalLag: {
    kind: 'histogram',
    name: 'holdfast.job.renewal.lag',
    unit: 's',
    labels: ['job_type'],
    help: 'From when the renewal of a lease was due until it was acknowledged, retries included. Near two thirds of the lease, it gets lost.',
    from: `${CHANNEL}: renewed`,
    buckets: QUICK,
  },
  jobRenewalFailures: {
    kind: 'counter',
    name: 'holdfast.job.renewal.failures',
    unit: '{renewal}',
    labels: ['job_type'],
    help: 'Attempts to renew the lease of an execution that failed. 0 from the first start on.',
    from: `${CHANNEL}: renewalFailed`,
  },
  jobTraceContextDropped: {
    kind: 'counter',
    name: 'holdfast.job.trace_context.dropped',
    unit: '{context}',
    labels: ['job_type', 'reason'],
    help: 'Trace contexts that were not stored with their execution. reason: tooLong, notText, failed.',
    from: `${CHANNEL}: traceContextDropped`,
  },
}
