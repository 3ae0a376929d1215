import type { DatabaseSync } from 'node:sqlite'
import { BEFORE } from '../instance/settings.ts'
import { count } from './invariant.ts'

/** What has happened, in numbers. */
export type Sums = Readonly<Record<(typeof NAMES)[number], number>>

const NAMES = [
  'reviews',
  'starts',
  'runs',
  'takeovers',
  'refused writes',
  'kills',
  'crashes after a charge',
  'freezes',
  'cuts',
  'silences',
  'Redis restarts',
  'failovers',
  'demotions',
  'failovers that lost writes',
  'deploys',
  'instances replaced',
  'runs on the version before',
] as const

const QUERIES: Readonly<Record<(typeof NAMES)[number], string>> = {
  reviews: 'reviews',
  starts: 'soak_starts',
  runs: "job_runs WHERE event = 'begin'",
  takeovers: "job_runs WHERE event = 'begin' AND attempt > 1",
  'refused writes': 'refused_writes',
  kills: "soak_faults WHERE kind = 'kill'",
  'crashes after a charge': "soak_faults WHERE kind = 'crash'",
  freezes: "soak_faults WHERE kind = 'freeze'",
  cuts: "soak_faults WHERE kind = 'cut'",
  silences: "soak_faults WHERE kind = 'silence'",
  'Redis restarts': "soak_faults WHERE kind = 'restart'",
  failovers: "soak_faults WHERE kind = 'failover'",
  demotions: "soak_faults WHERE kind = 'demotion'",
  'failovers that lost writes': "soak_faults WHERE kind = 'lossy-failover'",
  deploys: "soak_faults WHERE kind = 'deploy'",
  'instances replaced': "soak_faults WHERE kind = 'replacement'",
  'runs on the version before': `job_runs WHERE event = 'begin' AND instance LIKE '%${BEFORE}'`,
}

export function sumsOf(database: DatabaseSync): Sums {
  return Object.fromEntries(NAMES.map((name) => [name, count(database, QUERIES[name])])) as Sums
}
