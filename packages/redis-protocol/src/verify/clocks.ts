import type { Finding } from './finding.ts'
import type { ServerFacts } from './server.ts'

/** Beyond this much, what people read in logs and on dashboards misleads them. */
const TOLD_MS = 5_000
/** Beyond this much, a claim that was stamped after one master's clock may be refused as late by another. */
const BETWEEN_MASTERS_MS = 500

/** How far the servers' clocks are from ours, and from each other. */
export function judgeClocks(servers: readonly ServerFacts[]): Finding[] {
  const findings: Finding[] = []
  const offsets: { readonly low: number; readonly high: number }[] = []
  for (const { name, clock } of servers) {
    if (clock === undefined) continue
    const offset = { low: clock.shown - clock.after, high: clock.shown + 1 - clock.before }
    offsets.push(offset)
    const ahead = leastDistance(offset)
    if (Math.abs(ahead) <= TOLD_MS) continue
    findings.push({
      code: 'CLOCK_DIFFERENCE',
      severity: 'warning',
      message:
        `The clock of ${name} is at least ${Math.abs(ahead)} ms ${ahead > 0 ? 'ahead of' : 'behind'} this machine's. ` +
        'Nothing in Holdfast depends on that, but its times (all of the server) will not fit your logs.',
      fix: 'Synchronise both with NTP.',
    })
  }
  const apart = Math.max(...offsets.map(({ low }) => low)) - Math.min(...offsets.map(({ high }) => high))
  if (apart > BETWEEN_MASTERS_MS) {
    findings.push({
      code: 'MASTERS_CLOCK_DIFFERENCE',
      severity: 'error',
      message: `The clocks of the cluster's masters are at least ${apart} ms apart: claims may be refused as too late.`,
      fix: 'Synchronise all of them with NTP.',
    })
  }
  return findings
}

/** 0 when the clocks may agree. */
function leastDistance({ low, high }: { readonly low: number; readonly high: number }): number {
  if (low > 0) return low
  return high < 0 ? high : 0
}
