import { StorageUnavailableError } from '../../errors.ts'
import type { InvalidationFeed } from '../../storage/invalidations.ts'
import { simulatedFeed } from './simulated-feed.ts'
import type { LeasePush, LeaseStorage } from '../../storage/leases.ts'
import type { OnHint, RecordKey, RecordStorage, RecordWrite, Unsubscribe } from '../../storage/records.ts'
import { endedWithLastUser } from '../../storage/ended-with-last-user.ts'
import type { ConnectionState, Storage } from '../../storage/storage.ts'
import type { ValueStorage } from '../../storage/values.ts'
import { currentOperation } from './current-operation.ts'
import { described, outcome } from './describe-command.ts'
import type { History } from './history.ts'
import type { Fate, Network } from './network.ts'
import { type Random, createRandom } from './random.ts'
import type { Scheduler } from './scheduler.ts'
import type { SimulatedProcess } from './simulated-process.ts'
import type { Command, FacetName, SimulatedServer } from './simulated-server.ts'

const OPERATIONS = {
  records: ['put', 'compareAndDelete', 'read', 'list'],
  leases: ['acquire', 'release', 'extend', 'reapExpired', 'revoke', 'inspect', 'countListeners'],
  hashes: ['set', 'get', 'getAll', 'delete'],
  counters: ['add'],
} as const

/** A forgotten end of a job is sent again so soon after the reconnect, while its caller still waits. */
const AGAIN_WITHIN_MS = 100
/** An end of a job that was first sent so long ago may have been given up by its caller: a call may take 400 ms. */
const SURELY_WANTED_MS = 380

interface Pending {
  readonly command: Command
  readonly reject: (error: Error) => void
  /** Sends it once more. */
  readonly again: () => void
}

interface Answer {
  readonly value: unknown
  readonly error?: Error
}

/** What a process wants to hear of, over every reconnect. */
interface Subscription {
  /** Registers at the server; returns what ends it there. */
  readonly register: () => () => void
  /** Registers where the server does not count it. Absent: it cannot lead elsewhere. */
  readonly overhear: (() => () => void) | undefined
  /** Told when something may have been missed. */
  readonly onGap: () => void
  end: (() => void) | undefined
}

/**
 * A process's way to the server as a storage: every call becomes a request and a reply, and either may be lost, late or
 * doubled. When the connection broke, it re-sends what was not answered, rejects or forgets it: clients do each. It subscribes
 * anew after a reconnect, as the port asks of a storage.
 */
export class SimulatedConnection {
  readonly storage: Storage
  readonly #scheduler: Scheduler
  readonly #process: SimulatedProcess
  readonly #server: SimulatedServer
  readonly #network: Network
  readonly #history: History
  readonly #random: Random
  readonly #database: number
  readonly #seed: readonly number[]
  readonly #listeners = new Set<(state: ConnectionState) => void>()
  readonly #pending = new Set<Pending>()
  readonly #subscriptions = new Set<Subscription>()
  readonly #free: number[]
  readonly #violated: (message: string) => void
  /** Ends of jobs, by what distinguishes them, with the moment of their first sending; before, they did not wait. */
  readonly #ends = new Map<string, number>()
  /** Those that the client has forgotten and that were not sent again. */
  readonly #forgotten = new Set<string>()
  #readyAt = -Infinity
  #state: ConnectionState = 'ready'
  #generation = 0
  #messages = 0

  constructor(
    scheduler: Scheduler,
    process: SimulatedProcess,
    server: SimulatedServer,
    network: Network,
    history: History,
    database: number,
    seed: readonly number[],
    violated: (message: string) => void,
  ) {
    this.#scheduler = scheduler
    this.#process = process
    this.#server = server
    this.#network = network
    this.#history = history
    this.#database = database
    this.#violated = violated
    this.#random = createRandom(...seed)
    this.#seed = seed
    this.#free = Array.from({ length: network.plan.links * 2 }, () => 0)
    this.storage = this.#asStorage()
  }

  /** How many subscriptions are still wanted. */
  get subscriptions(): number {
    return this.#subscriptions.size
  }

  /**
   * The connection breaks and is back after `downMs`. The process notices at once or, while it is stopped, when it runs
   * again; the server notices `unnoticedMs` later, and pushes into the void until then.
   */
  reset(downMs: number, unnoticedMs: number): void {
    const generation = this.#cut(unnoticedMs)
    this.#loseCommands(generation)
    this.#process.deliver(downMs, () => this.#reconnect(generation))
  }

  #loseCommands(generation: number): void {
    this.#process.deliver(0, () => {
      if (generation !== this.#generation) return
      this.#history.fault(this.#process.index, () => 'connection lost')
      this.#change('down')
      const how = this.#network.plan.unanswered
      if (how === 'resent') return
      const unanswered = [...this.#pending]
      this.#pending.clear()
      if (how === 'forgotten') return this.#forget(unanswered)
      for (const { reject } of unanswered) {
        reject(new StorageUnavailableError('The connection was lost.', { maybeApplied: true }))
      }
    })
  }

  /**
   * The server was demoted and lives on: commands reach the new one after `downMs`, and subscriptions stay. `passesOn`:
   * the demoted server follows the new one, and passes on what that pushes; else they never hear anything again.
   */
  demote(downMs: number, passesOn: boolean): void {
    this.divert(passesOn)
    const generation = (this.#generation += 1)
    this.#loseCommands(generation)
    this.#process.deliver(downMs, () => this.#reconnect(generation, true))
  }

  /** From now on subscriptions lead to another server than commands, and nothing informs the process. */
  divert(passesOn: boolean): void {
    for (const subscription of this.#subscriptions) {
      if (subscription.overhear === undefined || subscription.end === undefined) continue
      subscription.end()
      subscription.end = passesOn ? subscription.overhear() : noop
    }
    this.#history.fault(this.#process.index, () => 'subscriptions lead elsewhere')
  }

  /** Its process is dead; the server notices `unnoticedMs` later. */
  die(unnoticedMs: number): void {
    this.#cut(unnoticedMs)
    this.#subscriptions.clear()
  }

  #cut(unnoticedMs: number): number {
    const ends = [...this.#subscriptions].flatMap(({ end }) => end ?? [])
    for (const subscription of this.#subscriptions) subscription.end = undefined
    this.#scheduler.at(this.#scheduler.now + unnoticedMs, () => {
      for (const end of ends) end()
    })
    return (this.#generation += 1)
  }

  #reconnect(generation: number, keepsSubscriptions = false): void {
    if (generation !== this.#generation) return
    if (this.#server.down)
      return this.#process.deliver(50, () => this.#reconnect(generation, keepsSubscriptions))
    this.#history.add(this.#process.index, () => 'connected again')
    this.#readyAt = this.#scheduler.now
    for (const { again } of this.#pending) again()
    this.#scheduler.at(this.#scheduler.now + AGAIN_WITHIN_MS, () => this.#judgeForgotten(generation))
    for (const subscription of keepsSubscriptions ? [] : this.#subscriptions) {
      this.#scheduler.at(this.#scheduler.now + this.#network.latency(this.#random), () => {
        if (generation !== this.#generation || !this.#subscriptions.has(subscription)) return
        try {
          subscription.end = subscription.register()
        } catch {
          // Refused now: the rights were taken away.
          return
        }
        this.#process.deliver(this.#network.latency(this.#random), subscription.onGap)
      })
    }
    this.#change('ready')
  }

  #noteEnd(command: Command): void {
    const end = endIn(command)
    if (end === undefined) return
    this.#forgotten.delete(end)
    // What is sent with the connection's coming may have waited for it.
    const waited = command.sentAt < this.#readyAt + 1
    if (!this.#ends.has(end)) this.#ends.set(end, waited ? -Infinity : command.sentAt)
  }

  #forget(unanswered: readonly Pending[]): void {
    for (const { command } of unanswered) {
      this.#history.fault(this.#process.index, () => `${command.op} is forgotten by the client`)
      const end = endIn(command)
      if (end !== undefined) this.#forgotten.add(end)
    }
  }

  /** A client's promise may stay open for good: who waits for the end of a job must not wait for it alone. */
  #judgeForgotten(generation: number): void {
    const { now } = this.#scheduler
    if (generation !== this.#generation || this.#state === 'down') return
    // While it was stopped it could not send, and it first sees to its timers when it runs again.
    const ranAll = this.#process.state === 'running' && this.#process.resumedAt < now - AGAIN_WITHIN_MS
    for (const end of this.#forgotten) {
      if (ranAll && now - (this.#ends.get(end) ?? -Infinity) < SURELY_WANTED_MS) {
        this.#violated(`${this.#process.name} did not send the end ${end} again within ${AGAIN_WITHIN_MS} ms`)
      }
    }
    this.#forgotten.clear()
  }

  #change(state: ConnectionState): void {
    if (this.#state === state) return
    this.#state = state
    for (const listener of this.#listeners) listener(state)
  }

  #send(facet: FacetName, op: string, args: readonly unknown[]): Promise<unknown> {
    if (this.#state === 'down' || this.#process.state === 'dead') {
      return Promise.reject(new StorageUnavailableError('Not connected.', { maybeApplied: false }))
    }
    const message = `${this.#process.name}/${(this.#messages += 1)}`
    const fate = this.#network.fateOf(message, this.#random)
    const { name: from, index } = this.#process
    const command: Command = {
      facet,
      op,
      args,
      from,
      database: this.#database,
      operation: currentOperation.getStore(),
      sentAt: this.#scheduler.now,
    }
    this.#history.add(index, () => `${described(command)} →`)
    this.#noteEnd(command)
    if (fate !== 'fine') this.#history.fault(index, () => `${op}: ${fate}`)
    return new Promise((resolve, reject) => {
      const pending: Pending = {
        command,
        reject,
        again: () => {
          this.#history.add(index, () => `${described(command)} → again`)
          this.#travel(command, 'fine', answer)
        },
      }
      const answer = ({ value, error }: Answer): void => {
        if (!this.#pending.delete(pending)) return
        if (error === undefined) resolve(value)
        else reject(error)
      }
      this.#pending.add(pending)
      this.#travel(command, fate, answer)
    })
  }

  #travel(command: Command, fate: Fate, answer: (answer: Answer) => void): void {
    const { links } = this.#network.plan
    const link = links === 1 ? 0 : this.#random.int(0, 1)
    const generation = this.#generation
    const reply = (heard: Answer): void => {
      if (fate === 'replyLost') return
      const isLate = fate === 'replyLate'
      const at = isLate
        ? this.#scheduler.now + this.#network.lateness(this.#random)
        : this.#inOrder(links + link)
      const arrive = (): void => {
        // What was on a broken connection is gone with it.
        if (generation === this.#generation) answer(heard)
      }
      this.#scheduler.at(at, arrive, this.#process, 'message')
    }
    const execute = (onReply: (heard: Answer) => void): void => {
      const { frozenUntil } = this.#server
      if (frozenUntil > this.#scheduler.now)
        return void this.#scheduler.at(frozenUntil, () => execute(onReply))
      if (this.#server.down) return
      this.#server.execute(command).then(
        (value) => {
          this.#history.add('storage', () => `${command.from} ${described(command)} → ${outcome(value)}`)
          onReply({ value })
        },
        (error: unknown) => onReply({ value: undefined, error: error as Error }),
      )
    }
    const lateAt = this.#scheduler.now + this.#network.lateness(this.#random)
    if (fate === 'requestLost') return
    const inTime = fate === 'requestLate' ? lateAt : this.#inOrder(link)
    this.#scheduler.at(inTime, () => execute(reply))
    if (fate === 'duplicated') this.#scheduler.at(Math.max(inTime, lateAt), () => execute(noop))
  }

  /** When a message sent now arrives, if none on its link overtakes another. */
  #inOrder(link: number): number {
    const at = Math.max(this.#free[link] ?? 0, this.#scheduler.now + this.#network.latency(this.#random))
    this.#free[link] = at
    return at
  }

  /** Like a call, but what it sets up is set up again after every reconnect. */
  async #subscribe(
    what: string,
    onGap: () => void,
    register: (send: (run: () => void) => void) => () => void,
    overhear?: (send: (run: () => void) => void) => () => void,
  ): Promise<Unsubscribe> {
    const { name, index } = this.#process
    const toProcess = (run: () => void): void => {
      const message = `${name}/push ${(this.#messages += 1)}`
      if (this.#network.losesPush(message, this.#random)) {
        this.#history.fault(index, () => `${what}: push lost`)
        return
      }
      this.#process.deliver(this.#network.latency(this.#random), () => {
        if (this.#subscriptions.has(subscription)) run()
      })
    }
    const subscription: Subscription = {
      register: () => register(toProcess),
      overhear: overhear && (() => overhear(toProcess)),
      onGap,
      end: undefined,
    }
    await this.#send('time', 'subscribe', [what])
    if (!this.#server.down) subscription.end = subscription.register()
    this.#subscriptions.add(subscription)
    return async () => {
      this.#subscriptions.delete(subscription)
      subscription.end?.()
    }
  }

  /** Another subscription in the place of each that may lead elsewhere; where it leads, the address says. */
  async #listenAnew(): Promise<void> {
    await this.#send('time', 'listenAnew', [])
    for (const subscription of this.#subscriptions) {
      if (subscription.overhear === undefined || this.#server.down) continue
      const isStale = this.#scheduler.now < this.#server.staleUntil
      const end = isStale ? subscription.overhear() : subscription.register()
      subscription.end?.()
      subscription.end = end
      this.#process.deliver(this.#network.latency(this.#random), subscription.onGap)
    }
  }

  #feed(): InvalidationFeed {
    return simulatedFeed({
      scheduler: this.#scheduler,
      process: this.#process,
      server: this.#server,
      network: this.#network,
      history: this.#history,
      database: this.#database,
      // A separate stream: what links draw leaves the rest alone.
      random: createRandom(...this.#seed, 1),
      state: () => this.#state,
      onState: (listener) => {
        this.#listeners.add(listener)
        return () => void this.#listeners.delete(listener)
      },
    })
  }

  #asStorage(): Storage {
    const facet = (name: FacetName, operations: readonly string[]): Record<string, unknown> =>
      Object.fromEntries(operations.map((op) => [op, (...args: unknown[]) => this.#send(name, op, args)]))
    const records = {
      ...facet('records', OPERATIONS.records),
      subscribe: (key: RecordKey, onHint: OnHint) =>
        this.#subscribe('hints', noop, (send) =>
          this.#server.subscribe(key, (written) => send(() => onHint(written))),
        ),
    }
    const leases = {
      ...facet('leases', OPERATIONS.leases),
      listen: (process: string, onPush: (push: LeasePush) => void) =>
        this.#subscribe(
          'pushes',
          () => onPush({ kind: 'gap' }),
          (send) => this.#server.listen(process, (push) => send(() => onPush(push))),
          (send) => this.#server.overhear(process, (push) => send(() => onPush(push))),
        ),
      listenAnew: () => this.#listenAnew(),
    }
    const values = {
      ...facet('values', Object.keys(this.#server.peek().values)),
      hashes: facet('hashes', OPERATIONS.hashes),
      counters: facet('counters', OPERATIONS.counters),
      subscribe: (key: string, onEnd: () => void) =>
        this.#subscribe(`end of ${key}`, noop, (send) =>
          this.#server.subscribeToEnd(this.#database, key, () => send(onEnd)),
        ),
      invalidations: this.#feed(),
    }
    const state = (): ConnectionState => this.#state
    return {
      records: records as unknown as RecordStorage,
      leases: leases as unknown as LeaseStorage,
      values: values as unknown as ValueStorage,
      connection: {
        get state() {
          return state()
        },
        onChange: (listener) => {
          this.#listeners.add(listener)
          return () => void this.#listeners.delete(listener)
        },
      },
      time: () => this.#send('time', 'time', []) as Promise<number>,
      verify: async () => [],
      ...endedWithLastUser(noop),
    }
  }
}

function noop(): void {}

/** What distinguishes the end of a job from all other ends; undefined for another command. Its like carries no `notAfter`. */
function endIn({ op, args }: Command): string | undefined {
  const write = op === 'put' ? (args[2] as RecordWrite) : undefined
  return write?.notify === true && write.notAfter === undefined ? write.writeId : undefined
}
