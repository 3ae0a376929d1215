import type { Metric } from './metric.ts'

export type ServerMetric = 'httpRequests' | 'hangfireServers' | 'hangfireJobs' | 'hangfireProblems' | 'folded'

/** HTTP routes, Hangfire servers, and the bridge itself. */
export const SERVER_METRICS: Readonly<Record<ServerMetric, Metric>> = {
  httpRequests: {
    kind: 'counter',
    name: 'holdfast.http.requests',
    unit: '{request}',
    labels: ['job_type', 'outcome', 'reason'],
    help: 'Requests of idempotent routes. outcome: executed, replayed, refused, bypassed. reason: of executed, what became of the answer (stored, tombstone, failed, released, unconfirmed, lost); of refused, the code; of bypassed, why; else empty.',
    from: 'holdfast:http: executed replayed refused bypassed',
  },
  hangfireServers: {
    kind: 'gauge',
    name: 'holdfast.hangfire.servers',
    unit: '{server}',
    labels: [],
    help: 'Hangfire servers that this process runs now.',
    from: 'holdfast:hangfire: announced stopped',
  },
  hangfireJobs: {
    kind: 'counter',
    name: 'holdfast.hangfire.jobs',
    unit: '{job}',
    labels: ['state'],
    help: 'Jobs that a server of this process ran. state: what became of them, as Hangfire names it.',
    from: 'holdfast:hangfire: ran',
  },
  hangfireProblems: {
    kind: 'counter',
    name: 'holdfast.hangfire.problems',
    unit: '{problem}',
    labels: ['kind'],
    help: 'kind: jobLost, unknownJob (no handler), warned (no server runs it, or .NET fails it), troubled (Redis does not answer).',
    from: 'holdfast:hangfire: jobLost unknownJob warned troubled',
  },
  folded: {
    kind: 'counter',
    name: 'holdfast.telemetry.folded',
    unit: '{value}',
    labels: ['label'],
    help: 'Measurements whose label became `other`, because that label had as many values as it may have.',
    from: 'the bridge itself',
  },
}
