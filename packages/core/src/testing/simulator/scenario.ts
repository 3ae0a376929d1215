import type { MessageFaults, NetworkPlan, Unanswered } from './network.ts'
import type { Random } from './random.ts'
import type { ProcessClock } from './simulated-process.ts'

/** Something that is done to the system at an instant. Every one is over when the faults stop. */
export type Incident = { readonly at: number } & (
  | {
      readonly kind: 'crash'
      readonly process: number
      readonly restartAfterMs: number
      /** How long the server takes its connection for alive: the machine died, not only the process. */
      readonly unnoticedMs: number
    }
  /** An orderly end, and a new start. */
  | { readonly kind: 'shutDown'; readonly process: number; readonly graceMs: number }
  | { readonly kind: 'pause' | 'sleep'; readonly process: number; readonly forMs: number }
  | { readonly kind: 'stepWall'; readonly process: number; readonly byMs: number }
  | {
      readonly kind: 'reset'
      readonly process: number
      readonly downMs: number
      readonly unnoticedMs: number
    }
  | { readonly kind: 'stepStorageClock'; readonly byMs: number }
  | { readonly kind: 'failover'; readonly lagMs: number; readonly downMs: number; readonly skewMs: number }
  | { readonly kind: 'refusePushes'; readonly forMs: number }
  | { readonly kind: 'evict' | 'loseQueues' }
  /** A planned failover: nothing is lost, and the old primary lives on with its subscribers, whose address leads to it. */
  | {
      readonly kind: 'demote'
      readonly downMs: number
      readonly passesOn: boolean
      readonly staleMs: number
    }
  /** The keys move to another master of a cluster, and the subscriptions to them do not. */
  | { readonly kind: 'moveSlot' }
  /** The storage stops, as after SIGSTOP, and then executes what has arrived. */
  | { readonly kind: 'freeze'; readonly forMs: number }
)

/** The world that a workload runs in: all that follows from a seed, before anything has happened. */
export interface Scenario {
  readonly processes: readonly ProcessClock[]
  readonly storageClock: { readonly rate: number; readonly start: number }
  readonly incidents: readonly Incident[]
  readonly network: Omit<NetworkPlan, 'spared'>
  /** When the faults stop. */
  readonly calmFrom: number
  /** How far the storage's clock is ever set back in all, and how far it is ever set on. */
  readonly setBackMs: number
  readonly setOnMs: number
}

/**
 * How often each thing happens: per message as a probability, per process and scenario as a mean number. What the
 * clocks do is within the clock model of `docs/guarantees.md`, unless `beyondModel` says otherwise.
 */
export interface FaultRates extends MessageFaults {
  readonly crash: number
  readonly shutDown: number
  readonly pause: number
  readonly sleep: number
  readonly stepWall: number
  readonly reset: number
  readonly stepStorageClock: number
  readonly failover: number
  readonly refusePushes: number
  readonly evict: number
  readonly loseQueues: number
  readonly demote: number
  readonly moveSlot: number
  readonly freeze: number
  /** How often clients are of the kind that re-sends by itself after a reconnect, and of the one that forgets. */
  readonly resends: number
  readonly forgets: number
}

export const defaultRates: FaultRates = {
  requestLost: 0.02,
  replyLost: 0.03,
  requestLate: 0.015,
  replyLate: 0.015,
  duplicated: 0.03,
  pushLost: 0.1,
  crash: 0.5,
  shutDown: 0.2,
  pause: 0.4,
  sleep: 0.1,
  stepWall: 0.2,
  reset: 0.4,
  stepStorageClock: 0.4,
  failover: 0.25,
  refusePushes: 0.15,
  evict: 0.1,
  loseQueues: 0,
  demote: 0,
  moveSlot: 0,
  freeze: 0,
  resends: 0.4,
  forgets: 0.25,
}

export interface ScenarioSize {
  readonly processes: number
  readonly calmFrom: number
  /** What delays and pauses are measured by. */
  readonly leaseMs: number
}

/** What the clocks may do: the clock model of `docs/guarantees.md`. */
export interface ClockModel {
  /** By how much the rates of any two clocks differ at most, as a share. */
  readonly rateSpread: number
  /** How far the storage's clock is set on in all, in milliseconds, for leases of the given length. */
  setOnMs(leaseMs: number): number
}

/** What is promised to be survived. */
export const clockModel: ClockModel = {
  rateSpread: 0.0099,
  setOnMs: (leaseMs) => Math.max(15, leaseMs * 0.005),
}

export function drawScenario(
  random: Random,
  rates: FaultRates,
  clocks: ClockModel,
  size: ScenarioSize,
): Scenario {
  const { leaseMs, calmFrom } = size
  const rate = (): number => 1 + random.between(-0.5, 0.5) * clocks.rateSpread
  const processes = Array.from({ length: size.processes }, () => ({
    rate: rate(),
    monotonicStart: Math.floor(random.between(0, 1e7)),
    wallStart: Math.floor(1.7e12 + random.between(-6e5, 6e5)),
  }))
  // Not in every scenario: a bug may need everything else to go well.
  const some = (name: keyof FaultRates, probability: number): number =>
    random.chance(probability) ? rates[name] / probability : 0
  const network = {
    faults: {
      requestLost: some('requestLost', 0.6),
      replyLost: some('replyLost', 0.6),
      requestLate: some('requestLate', 0.6),
      replyLate: some('replyLate', 0.6),
      duplicated: some('duplicated', 0.6),
      pushLost: some('pushLost', 0.6),
    },
    lateMs: leaseMs * random.pick([0.5, 2, 5]),
    latencyMs: random.pick([2, 10, 60]),
    links: random.pick([1, 1, 2] as const),
    unanswered: unansweredOf(random.next(), rates),
  }
  const incidents: Incident[] = []
  const happens = (mean: number, add: (at: number, process: number) => Incident): void => {
    let left = mean
    while (random.next() < left) {
      incidents.push(add(random.between(0, calmFrom * 0.95), random.int(0, size.processes - 1)))
      left -= 1
    }
  }
  const perProcess = (name: keyof FaultRates): number => rates[name] * size.processes
  // Not both: a machine that sleeps and has its wall clock set back, a storage that forgets and has its clock set back.
  const asleep = random.chance(0.3)
  const forgets = random.chance(0.4)
  happens(perProcess('crash'), (at, process) => ({
    kind: 'crash',
    at,
    process,
    restartAfterMs: random.between(0, leaseMs * 2),
    unnoticedMs: random.chance(0.7) ? 0 : within(at, random.between(0, leaseMs)),
  }))
  happens(perProcess('shutDown'), (at, process) => ({
    kind: 'shutDown',
    at,
    process,
    graceMs: random.pick([0, 100, leaseMs]),
  }))
  happens(perProcess('pause'), (at, process) => ({
    kind: 'pause',
    at,
    process,
    forMs: within(at, random.between(0.05, 2.5) * leaseMs),
  }))
  happens(asleep ? perProcess('sleep') / 0.3 : 0, (at, process) => ({
    kind: 'sleep',
    at,
    process,
    forMs: within(at, random.between(0.05, 2.5) * leaseMs),
  }))
  happens(perProcess('stepWall'), (at, process) => ({
    kind: 'stepWall',
    at,
    process,
    byMs: asleep ? random.between(0, 2) * leaseMs : random.between(-4, 4) * leaseMs,
  }))
  happens(perProcess('reset'), (at, process) => ({
    kind: 'reset',
    at,
    process,
    downMs: within(at, random.pick([random.between(0, 50), random.between(0, 2) * leaseMs])),
    unnoticedMs: random.pick([0, random.between(0, leaseMs)]),
  }))
  happens(forgets ? rates.failover / 0.4 : 0, (at) => {
    const downMs = within(at, random.between(100, 1_500))
    return {
      kind: 'failover',
      at,
      downMs,
      lagMs: random.between(0, 200 + leaseMs / 3),
      skewMs: -random.next() * downMs * 0.9,
    }
  })
  happens(rates.refusePushes, (at) => ({
    kind: 'refusePushes',
    at,
    forMs: within(at, random.between(0, 4) * leaseMs),
  }))
  happens(forgets ? rates.evict / 0.4 : 0, (at) => ({ kind: 'evict', at }))
  happens(rates.loseQueues, (at) => ({ kind: 'loseQueues', at }))
  if (rates.demote > 0) {
    happens(rates.demote, (at) => ({
      kind: 'demote',
      at,
      downMs: within(at, random.between(0, 300)),
      passesOn: random.chance(0.6),
      staleMs: within(at, random.chance(0.5) ? 0 : random.between(0, 3) * leaseMs),
    }))
  }
  if (rates.moveSlot > 0) happens(rates.moveSlot, (at) => ({ kind: 'moveSlot', at }))
  if (rates.freeze > 0) {
    happens(rates.freeze, (at) => ({
      kind: 'freeze',
      at,
      forMs: within(at, random.pick([random.between(50, 400), random.between(0, 4) * leaseMs])),
    }))
  }
  let forward = clocks.setOnMs(leaseMs)
  happens(rates.stepStorageClock * 2, (at) => {
    const back = !forgets && random.chance(0.4)
    const byMs = back ? -random.between(0, 2) * leaseMs : forward / 2
    if (!back) forward /= 2
    return { kind: 'stepStorageClock', at, byMs }
  })
  const steps = incidents.flatMap((incident) =>
    incident.kind === 'stepStorageClock'
      ? incident.byMs
      : incident.kind === 'failover'
        ? incident.skewMs
        : [],
  )
  return {
    processes,
    storageClock: { rate: rate(), start: 1.6e12 + random.between(0, 1e6) },
    incidents: incidents.sort((a, b) => a.at - b.at),
    network,
    calmFrom,
    setBackMs: -steps.filter((ms) => ms < 0).reduce((sum, ms) => sum + ms, 0),
    setOnMs: steps.filter((ms) => ms > 0).reduce((sum, ms) => sum + ms, 0),
  }

  function within(at: number, ms: number): number {
    return Math.min(ms, calmFrom - at)
  }
}

function unansweredOf(drawn: number, { resends, forgets }: FaultRates): Unanswered {
  if (drawn < resends) return 'resent'
  return drawn < resends + forgets ? 'forgotten' : 'rejected'
}
