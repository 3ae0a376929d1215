import { History } from './history.ts'
import { Network } from './network.ts'
import { createRandom } from './random.ts'
import { type FaultRates, type Incident, defaultRates, drawScenario } from './scenario.ts'
import { Scheduler } from './scheduler.ts'
import { SimulatedConnection, currentOperation } from './simulated-connection.ts'
import { SimulatedProcess } from './simulated-process.ts'
import { type Facets, SimulatedServer } from './simulated-server.ts'
import {
  type App,
  type Feature,
  type PlannedOperation,
  Totals,
  type Workload,
  type World,
} from './workload.ts'

export interface SimulationOptions {
  readonly seed: number
  /** What may go wrong and how often. Default {@link defaultRates}. */
  readonly rates?: Partial<FaultRates>
  /** Keeps the history for {@link drawTimeLine}. Default false. */
  readonly record?: boolean
  /** Replaces the storage by one that breaks its contract. */
  readonly breakStorage?: (facets: Facets) => Facets
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

export interface Violation {
  /** The guarantee, as it is numbered in the documentation of its feature. */
  readonly guarantee: string
  readonly message: string
  /** True time, in milliseconds. */
  readonly at: number
}

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

/** Everything must have ended this long after the faults stopped. */
const SETTLES_WITHIN_MS = 300_000

/** Runs the history of one seed to its end, or to the first violation of a guarantee. */
export async function simulate(feature: Feature, options: SimulationOptions): Promise<SimulationResult> {
  const { seed, rates, record = false, reduction = nothingLeftOut } = options
  const plan = feature.plan(createRandom(seed, 1))
  const scenario = drawScenario(
    createRandom(seed, 2),
    { ...defaultRates, ...plan.rates, ...rates },
    plan.size,
  )
  const scheduler = new Scheduler()
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
    options.breakStorage ?? ((facets) => facets),
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
    random: (...path) => createRandom(seed, ...path),
    violated(guarantee, message) {
      violation ??= { guarantee, message, at: scheduler.now }
      history.fault('storage', () => `✗ ${guarantee}: ${message}`)
      scheduler.stop()
    },
  }
  const operations = plan.operations.filter(({ id }) => !reduction.operations.has(id))
  const incidents = scenario.incidents.map((incident, id) => ({ incident, id }))
  const found = (): Violation | null => violation
  const onUnhandled = (reason: unknown): void =>
    world.violated(
      'No unhandled rejection',
      reason instanceof Error ? (reason.stack ?? reason.message) : String(reason),
    )
  process.on('unhandledRejection', onUnhandled)
  // Errors are made by the thousand; only a history that somebody reads needs to say where.
  const { stackTraceLimit } = Error
  if (!record) Error.stackTraceLimit = 0
  try {
    const run = new Run(world, plan.open(world), operations)
    for (const { incident, id } of incidents) {
      if (!reduction.incidents.has(id)) scheduler.at(incident.at, () => run.meet(incident))
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
      incidents: incidents.map(({ id }) => id).filter((id) => !reduction.incidents.has(id)),
      messages: network.harmed,
    },
  }
}

/** A process with what runs in it. */
interface Seat {
  process: SimulatedProcess
  connection: SimulatedConnection
  app: App
  lives: number
}

class Run {
  readonly #world: World
  readonly #workload: Workload
  readonly #seats: Seat[] = []
  readonly #underWay = new Map<number, string>()

  constructor(world: World, workload: Workload, operations: readonly PlannedOperation[]) {
    this.#world = world
    this.#workload = workload
    world.server.observer = workload.observer
    world.scenario.processes.forEach((_, index) => this.#seats.push(this.#sit(index, 1)))
    for (const operation of operations) {
      world.scheduler.at(operation.at, () => this.#perform(operation))
    }
  }

  async toItsEnd(): Promise<void> {
    const { scheduler, scenario, history } = this.#world
    if (!(await this.#drive(scenario.calmFrom, 'faults'))) return
    history.add('storage', () => '── the faults stop ──')
    for (const seat of this.#seats) if (seat.process.state === 'dead') this.#restart(seat)
    scheduler.at(scenario.calmFrom, () => undefined)
    const settledBy = scenario.calmFrom + SETTLES_WITHIN_MS
    let proven = false
    const prove = (): void => {
      if (this.#underWay.size > 0) return void scheduler.at(scheduler.now + 50, prove)
      history.add('storage', () => '── everything must work now ──')
      void Promise.all(this.#seats.map(({ app }) => app.proveAlive()))
        .then(() => Promise.all(this.#seats.map(({ app }) => app.close(1_000))))
        .then(
          () => (proven = true),
          (error: unknown) => this.#world.violated('No surprise', String(error)),
        )
    }
    scheduler.at(scenario.calmFrom, prove)
    if (!(await this.#drive(settledBy, 'end'))) return
    if (!proven)
      return this.#world.violated(
        'Everything settles',
        'a call made after the faults had stopped never ended',
      )
    for (const { process, connection } of this.#seats) {
      if (process.timers > 0) {
        return this.#world.violated(
          'Nothing remains',
          `${process.name} has ${process.timers} timers after close()`,
        )
      }
      if (connection.subscriptions > 0) {
        return this.#world.violated('Nothing remains', `${process.name} is still subscribed after close()`)
      }
    }
    await this.#workload.observer.ended?.()
  }

  meet(incident: Incident): void {
    const { server, history, scheduler, totals } = this.#world
    totals.count(`incident ${incident.kind}`)
    switch (incident.kind) {
      case 'failover':
        return this.#failOver(incident)
      case 'stepStorageClock':
        history.fault('storage', () => `clock steps by ${incident.byMs.toFixed(0)} ms`)
        return server.stepClock(incident.byMs)
      case 'refusePushes':
        history.fault('storage', () => `refuses subscriptions for ${incident.forMs.toFixed(0)} ms`)
        server.refusePushes(true)
        scheduler.at(scheduler.now + incident.forMs, () => server.refusePushes(false))
        return
      case 'evict': {
        const [key] = server.keys
        if (key !== undefined) void server.evict(key).then(() => this.#workload.observer.forgot())
        return
      }
      case 'crash':
      case 'shutDown':
      case 'pause':
      case 'sleep':
      case 'stepWall':
      case 'reset':
        return this.#meetProcess(incident)
    }
  }

  #meetProcess(incident: Extract<Incident, { process: number }>): void {
    const seat = this.#seats[incident.process]
    if (seat === undefined || seat.process.state === 'dead') return
    const { history, scheduler } = this.#world
    const { process } = seat
    switch (incident.kind) {
      case 'crash':
        history.fault(process.index, () => 'crashes')
        process.kill()
        seat.connection.die(incident.unnoticedMs)
        this.#workload.observer.died(process)
        this.#abandon(process.name)
        scheduler.at(scheduler.now + incident.restartAfterMs, () => {
          if (seat.process === process) this.#restart(seat)
        })
        return
      case 'shutDown':
        if (process.state !== 'running') return
        history.fault(process.index, () => `shuts down, grace ${incident.graceMs} ms`)
        // A new process takes over at once, as in a rolling deployment.
        void seat.app.close(incident.graceMs)
        this.#restart(seat)
        return
      case 'pause':
        history.fault(process.index, () => `stops for ${incident.forMs.toFixed(0)} ms`)
        return process.stop(incident.forMs)
      case 'sleep':
        history.fault(process.index, () => `its machine sleeps for ${incident.forMs.toFixed(0)} ms`)
        return process.fallAsleep(incident.forMs)
      case 'stepWall':
        history.fault(process.index, () => `wall clock steps by ${incident.byMs.toFixed(0)} ms`)
        return process.stepWall(incident.byMs)
      case 'reset':
        return seat.connection.reset(incident.downMs, incident.unnoticedMs)
    }
  }

  #failOver({ lagMs, downMs, skewMs }: Extract<Incident, { kind: 'failover' }>): void {
    const { server, history, scheduler, totals } = this.#world
    if (server.down) return
    const heardUntil = scheduler.now - lagMs
    history.fault('storage', () => `primary dies; the replica is ${lagMs.toFixed(0)} ms behind`)
    server.crash()
    for (const { connection, process } of this.#seats)
      if (process.state !== 'dead') connection.reset(downMs, 0)
    scheduler.at(scheduler.now + downMs, () => {
      void server.takeOver(heardUntil, skewMs).then((lost) => {
        totals.count('writes lost in failovers', lost)
        return this.#workload.observer.forgot()
      })
    })
  }

  #perform({ id, process: index }: PlannedOperation): void {
    const seat = this.#seats[index]
    if (seat === undefined || seat.process.state === 'dead') return
    const { process, app } = seat
    process.deliver(0, () => {
      this.#underWay.set(id, process.name)
      void currentOperation
        .run(id, () => app.perform(id))
        .then(
          () => this.#underWay.delete(id),
          (error: unknown) =>
            this.#world.violated('No surprise', error instanceof Error ? (error.stack ?? '') : String(error)),
        )
    })
  }

  #sit(index: number, lives: number): Seat {
    const { scheduler, scenario, server, network, history, seed } = this.#world
    const clock = scenario.processes[index] ?? { rate: 1, monotonicStart: 0, wallStart: 0 }
    const name = lives === 1 ? `p${index + 1}` : `p${index + 1}_${lives}`
    const random = this.#world.random(3, index, lives)
    const process = new SimulatedProcess(name, index, scheduler, clock, random)
    const connection = new SimulatedConnection(scheduler, process, server, network, history, [
      seed,
      4,
      index,
      lives,
    ])
    if (server.down) connection.reset(10, 0)
    return { process, connection, app: this.#workload.start(process, connection.storage), lives }
  }

  #restart(seat: Seat): void {
    const next = this.#sit(seat.process.index, seat.lives + 1)
    this.#world.history.add(next.process.index, () => `${next.process.name} starts`)
    Object.assign(seat, next)
  }

  #abandon(process: string): void {
    for (const [id, name] of this.#underWay) if (name === process) this.#underWay.delete(id)
  }

  async #drive(until: number, phase: string): Promise<boolean> {
    const { scheduler, history } = this.#world
    const how = await scheduler.drive(until)
    if (how === 'stopped') return false
    if (how === 'idle' || (how === 'late' && phase === 'faults')) return true
    const waiting = [...this.#underWay].map(([id, name]) => `${id} of ${name}`).join(', ')
    const message =
      how === 'spinning'
        ? 'a loop never lets time pass'
        : `still busy long after the faults: ${waiting || 'timers'}`
    history.add('storage', () => message)
    this.#world.violated('Everything settles', message)
    return false
  }
}
