import type { Runtime } from '../../support/runtime.ts'
import type { Storage } from '../../storage/storage.ts'
import type { Incident } from './scenario.ts'
import { currentOperation } from './current-operation.ts'
import { SimulatedConnection } from './simulated-connection.ts'
import { SimulatedProcess } from './simulated-process.ts'
import type { App, PlannedOperation, Workload, World } from './workload.ts'

/** Everything must have ended this long after the faults stopped. */
const SETTLES_WITHIN_MS = 300_000
/** No call of a workload to its storage may take longer. */
const LONGEST_CALL_MS = 2_000

/** A process with what runs in it. */
interface Seat {
  process: SimulatedProcess
  connection: SimulatedConnection
  app: App
  lives: number
}

/** One history, from the first operation to the proof that nothing is left: who runs, and what happens to them. */
export class Run {
  readonly #world: World
  readonly #workload: Workload
  readonly #breakConnection: (storage: Storage, runtime: Runtime) => Storage
  readonly #seats: Seat[] = []
  /** Those that were shut down. */
  readonly #retired: Seat[] = []
  readonly #underWay = new Map<number, string>()

  constructor(
    world: World,
    workload: Workload,
    operations: readonly PlannedOperation[],
    breakConnection: (storage: Storage, runtime: Runtime) => Storage,
  ) {
    this.#breakConnection = breakConnection
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
    const settledBy = scenario.calmFrom + SETTLES_WITHIN_MS
    let proven = false
    const prove = (): void => {
      if (this.#underWay.size > 0) return void scheduler.at(scheduler.now + 50, prove)
      history.add('storage', () => '── everything must work now ──')
      void Promise.all(this.#seats.map(({ app }) => app.proveAlive()))
        .then(() => Promise.all(this.#seats.map(({ app }) => app.close(1_000))))
        .then(
          () => (proven = true),
          (error: unknown) => this.#violated('No surprise', String(error)),
        )
    }
    // What was sent before and lost has been given up by then.
    scheduler.at(scenario.calmFrom + LONGEST_CALL_MS, prove)
    if (!(await this.#drive(settledBy, 'end'))) return
    if (!proven) return this.#violated('Everything settles', 'a call made with all well never ended')
    for (const { process, connection } of [...this.#retired, ...this.#seats]) {
      const { name, timers } = process
      if (timers > 0) return this.#violated('Nothing remains', `${name} has ${timers} timers after close()`)
      if (connection.subscriptions > 0)
        return this.#violated('Nothing remains', `${name} is still subscribed after close()`)
    }
    await this.#workload.observer.ended?.()
  }

  #violated(guarantee: string, message: string): void {
    this.#world.violated(guarantee, message)
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
      case 'evict':
        void server.evict().then(() => this.#workload.observer.forgot('eviction'))
        return
      case 'demote':
        return this.#demote(incident)
      case 'moveSlot':
        for (const { connection, process } of this.#seats)
          if (process.state !== 'dead') connection.divert(false)
        return
      case 'freeze':
        history.fault('storage', () => `stops for ${incident.forMs.toFixed(0)} ms`)
        server.frozenUntil = Math.max(server.frozenUntil, scheduler.now + incident.forMs)
        return
      case 'loseQueues':
        history.fault('storage', () => 'loses the queues of all leases')
        server.loseQueues()
        return void this.#workload.observer.forgot('queues')
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
        this.#retired.push({ ...seat })
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

  #demote({ downMs, passesOn, staleMs }: Extract<Incident, { kind: 'demote' }>): void {
    const { server, history, scheduler } = this.#world
    if (server.down) return
    history.fault('storage', () => `is demoted, ${passesOn ? 'and follows' : 'and is cut off'}`)
    server.staleUntil = scheduler.now + staleMs
    for (const { connection, process } of this.#seats)
      if (process.state !== 'dead') connection.demote(downMs, passesOn)
  }

  #failOver({ lagMs, downMs, skewMs }: Extract<Incident, { kind: 'failover' }>): void {
    const { server, history, scheduler, totals } = this.#world
    if (server.down) return
    const heardUntil = server.crash(lagMs)
    const behindMs = scheduler.now - heardUntil
    history.fault('storage', () => `primary dies; the replica is ${behindMs.toFixed(0)} ms behind`)
    for (const { connection, process } of this.#seats)
      if (process.state !== 'dead') connection.reset(downMs, 0)
    scheduler.at(scheduler.now + downMs, () => {
      void server.takeOver(heardUntil, skewMs).then((lost) => {
        totals.count('writes lost in failovers', lost)
        return this.#workload.observer.forgot('failover')
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
            this.#violated('No surprise', error instanceof Error ? (error.stack ?? '') : String(error)),
        )
    })
  }

  #sit(index: number, lives: number): Seat {
    const { scheduler, scenario, server, network, history, seed } = this.#world
    const clock = scenario.processes[index] ?? { rate: 1, monotonicStart: 0, wallStart: 0 }
    const name = lives === 1 ? `p${index + 1}` : `p${index + 1}_${lives}`
    const random = this.#world.random(3, index, lives)
    const process = new SimulatedProcess(name, index, scheduler, clock, random)
    const database = this.#world.databaseOf(process)
    const connection = new SimulatedConnection(
      scheduler,
      process,
      server,
      network,
      history,
      database,
      [seed, 4, index, lives],
      (message) => this.#violated('A call does not wait for its client', message),
    )
    if (server.down) connection.reset(10, 0)
    const storage = this.#breakConnection(connection.storage, process.runtime)
    return { process, connection, app: this.#workload.start(process, storage), lives }
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
    this.#violated('Everything settles', message)
    return false
  }
}
