import type { Runtime } from '../../support/runtime.ts'
import type { Storage } from '../../storage/storage.ts'
import { History } from './history.ts'
import { Network } from './network.ts'
import { createRandom } from './random.ts'
import { Run } from './run.ts'
import {
  type ClockModel,
  type FaultRates,
  type Incident,
  clockModel,
  defaultRates,
  drawScenario,
} from './scenario.ts'
import { Scheduler } from './scheduler.ts'
import { type Silence, SimulatedReplica } from './simulated-replica.ts'
import { type BuildFacets, SimulatedServer } from './simulated-server.ts'
import { type Feature, Totals, type World } from './workload.ts'

/** One simulation: the same options have the same history. */
export interface SimulationOptions {
  readonly seed: number
  /** What may go wrong and how often. Default {@link defaultRates}. */
  readonly rates?: Partial<FaultRates>
  /** What clocks may do. Default {@link clockModel}: what is promised to be survived. */
  readonly clocks?: ClockModel
  /** Keeps the history for {@link drawTimeLine}. Default false. */
  readonly record?: boolean
  /** Replaces the storage by one that breaks its contract. */
  readonly breakStorage?: BuildFacets
  /** Replaces what processes talk to by something that breaks the contract. */
  readonly breakConnection?: (storage: Storage, runtime: Runtime) => Storage
  /** What is left out of the history that the seed draws. */
  readonly reduction?: Reduction
}

/** Names of operations, incidents and messages that are spared. */
export interface Reduction {
  readonly operations: ReadonlySet<number>
  readonly incidents: ReadonlySet<number>
  readonly messages: ReadonlySet<string>
}

export const nothingLeftOut: Reduction = {
  operations: new Set(),
  incidents: new Set(),
  messages: new Set(),
}

/** A guarantee that did not hold. */
export interface Violation {
  /** The guarantee, by its number or name in `docs/guarantees.md` or in the comment of the storage port. */
  readonly guarantee: string
  readonly message: string
  /** True time, in milliseconds. */
  readonly at: number
}

/** What one simulation found, and what it did. */
export interface SimulationResult {
  readonly seed: number
  readonly violation: Violation | null
  readonly totals: Totals
  readonly history: History
  readonly processes: number
  /** What a {@link Reduction} can leave out of this history. */
  readonly removable: {
    readonly operations: readonly number[]
    readonly incidents: readonly number[]
    readonly messages: readonly string[]
  }
}

/** Runs the history of one seed to its end, or to the first violation of a guarantee. */
export async function simulate(feature: Feature, options: SimulationOptions): Promise<SimulationResult> {
  const { seed, rates, clocks = clockModel, record = false, reduction = nothingLeftOut } = options
  const plan = feature.plan(createRandom(seed, 1))
  const { databases = 1 } = plan
  const scenario = drawScenario(
    createRandom(seed, 2),
    { ...defaultRates, ...plan.rates, ...rates },
    clocks,
    plan.size,
  )
  const incidents = scenario.incidents
    .map((incident, id) => ({ incident, id }))
    .filter(({ id }) => !reduction.incidents.has(id))
  const scheduler = new Scheduler(plan.ticks ?? 0)
  const history = new History(() => scheduler.now, record)
  const network = new Network(
    scheduler,
    { ...scenario.network, spared: reduction.messages },
    scenario.calmFrom,
  )
  const server = new SimulatedServer(
    scheduler,
    history,
    scenario.storageClock,
    new SimulatedReplica(scheduler, (instant) => createRandom(seed, 5, instant), silencesOf(incidents)),
    options.breakStorage ?? ((facets) => facets),
    databases,
  )
  let violation: Violation | null = null
  const world: World = {
    seed,
    scenario,
    scheduler,
    server,
    network,
    history,
    totals: new Totals(),
    databaseOf: ({ index }) => index % databases,
    random: (...path) => createRandom(seed, ...path),
    violated(guarantee, message) {
      violation ??= { guarantee, message, at: scheduler.now }
      history.fault('storage', () => `✗ ${guarantee}: ${message}`)
      scheduler.stop()
    },
  }
  const operations = plan.operations.filter(({ id }) => !reduction.operations.has(id))
  const found = (): Violation | null => violation
  const onUnhandled = (reason: unknown): void =>
    world.violated(
      'No unhandled rejection',
      reason instanceof Error ? (reason.stack ?? reason.message) : String(reason),
    )
  process.on('unhandledRejection', onUnhandled)
  // Errors are made by the thousand; only a history with a reader needs to say where.
  const { stackTraceLimit } = Error
  if (!record) Error.stackTraceLimit = 0
  try {
    const run = new Run(
      world,
      plan.open(world),
      operations,
      options.breakConnection ?? ((storage) => storage),
    )
    for (const { incident } of incidents) {
      scheduler.at(incident.at, () => run.meet(incident))
    }
    await run.toItsEnd()
  } catch (error) {
    world.violated('No surprise', error instanceof Error ? (error.stack ?? error.message) : String(error))
  } finally {
    Error.stackTraceLimit = stackTraceLimit
    process.off('unhandledRejection', onUnhandled)
  }
  return {
    seed,
    violation: found(),
    totals: world.totals,
    history,
    processes: scenario.processes.length,
    removable: {
      operations: operations.map(({ id }) => id),
      incidents: incidents.map(({ id }) => id),
      messages: network.harmed,
    },
  }
}

/** A replica that takes over and is behind heard of nothing in the time that it is behind. */
function silencesOf(incidents: readonly { readonly incident: Incident }[]): readonly Silence[] {
  return incidents.flatMap(({ incident }) =>
    incident.kind === 'failover' ? { from: incident.at - incident.lagMs, to: incident.at } : [],
  )
}
