import { Counter, Gauge, Histogram, type Registry } from 'prom-client'
import type { WorldState } from '../events/snapshot.ts'
import type { WorldEvent } from '../live/world.ts'

/**
 * Counts what the page shows, for a scrape: all instances together. What Holdfast itself measures in this process stands beside
 * it, by the bridge of @holdfast/telemetry.
 */
export function createWorldMetrics(
  register: Registry,
  state: () => WorldState,
  pages: () => number,
): (event: WorldEvent) => void {
  const registers = [register]
  const starts = new Counter({
    name: 'aireview_starts_total',
    help: 'Starts of a job, by the answer that their caller got.',
    labelNames: ['job_type', 'outcome'],
    registers,
  })
  const refused = new Counter({
    name: 'aireview_refused_writes_total',
    help: 'Writes that the database refused, for a newer attempt had written before.',
    labelNames: ['job_type'],
    registers,
  })
  const twice = new Gauge({
    name: 'aireview_done_twice',
    help: 'Pieces of work that ended, or charged, more than once, counted in the database.',
    registers,
  })
  const roundTrip = new Histogram({
    name: 'aireview_redis_round_trip_seconds',
    help: 'Round trip to Redis, as the coordinator measures it.',
    buckets: [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 0.5],
    registers,
  })
  new Gauge({
    name: 'aireview_instances',
    help: 'Instances, by their state.',
    labelNames: ['state'],
    registers,
    collect() {
      this.reset()
      for (const instance of state().instances) this.inc({ state: instance.state })
    },
  })
  new Gauge({
    name: 'aireview_pages',
    help: 'Pages that follow the events.',
    registers,
    collect() {
      this.set(pages())
    },
  })

  const jobTypes = new Map<string, string>()
  return (event) => {
    if (event.type === 'call.asked') jobTypes.set(event.callId, event.jobType)
    if (event.type === 'call.answered') {
      starts.inc({ job_type: jobTypes.get(event.callId) ?? 'unknown', outcome: event.outcome })
      jobTypes.delete(event.callId)
    }
    if (event.type === 'effect.refused') refused.inc({ job_type: event.jobType })
    if (event.type === 'verdict') twice.set(event.twice)
    if (event.type === 'redis.answered') roundTrip.observe(event.roundTripMs / 1_000)
  }
}
