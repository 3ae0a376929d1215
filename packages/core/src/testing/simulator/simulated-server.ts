import { type MemoryLeases, type OnPush, memoryLeases } from '../../memory/memory-leases.ts'
import { memoryRecords } from '../../memory/memory-records.ts'
import { memoryValues } from '../../memory/memory-values.ts'
import { StorageRefusedError } from '../../errors.ts'
import { decideLease } from '../../locks/decide-lease.ts'
import type { Durability, LeasePush, LeaseStorage } from '../../storage/leases.ts'
import type { OnHint, RecordKey, RecordStorage } from '../../storage/records.ts'
import type { ValueStorage } from '../../storage/values.ts'
import type { History } from './history.ts'
import type { Scheduler } from './scheduler.ts'
import type { SimulatedProcess } from './simulated-process.ts'
import type { SimulatedReplica } from './simulated-replica.ts'

/** The facets of a storage, without what belongs to a connection. */
export interface Facets {
  readonly records: RecordStorage
  readonly leases: LeaseStorage
  readonly values: ValueStorage
}

/** May wrap the facets. `now` is the server's clock in milliseconds, `onPush` is to hear what the leases push. */
export type BuildFacets = (facets: Facets, now: () => number, onPush: OnPush) => Facets

export type FacetName = keyof Facets | 'hashes' | 'counters' | 'time'

/** A request as it travels. */
export interface Command {
  readonly facet: FacetName
  readonly op: string
  readonly args: readonly unknown[]
  /** The name of the process that sent it. */
  readonly from: string
  /** The one of the server's that its connection has selected. */
  readonly database: number
  /** Which operation of the workload it was sent for. */
  readonly operation: number | undefined
  readonly sentAt: number
}

export interface ServerObserver {
  /** Something was pushed to a process, no matter who listens. */
  pushed?(process: string, push: LeasePush): void
  /** A process has heard, on a link for invalidations, of changes of keys at `sentAt`, in true time. */
  heard?(process: SimulatedProcess, keys: readonly string[], sentAt: number): void
  /** A command was executed; `now` is the server's clock, in milliseconds. */
  executed(command: Command, reply: unknown, now: number): void
}

type Key = string | RecordKey

interface Logged {
  readonly at: number
  readonly clock: number
  readonly run: (facets: Facets) => unknown
  readonly database: number
  readonly facet: FacetName
  readonly key: Key | undefined
  readonly isWrite: boolean
}

const READS = new Set([
  'read',
  'list',
  'inspect',
  'get',
  'getAll',
  'getMany',
  'getManyBytes',
  'getHead',
  'time',
])

/**
 * A storage with its own clock: the memory storage behind a network. It keeps a log of what it executed, so that
 * it can become a replica that has not heard of the last writes. It has several databases, of which its pub/sub knows
 * nothing: a hint for a key reaches all who subscribed to a key of that name.
 */
export class SimulatedServer {
  readonly #scheduler: Scheduler
  readonly #history: History
  readonly #rate: number
  readonly #replica: SimulatedReplica
  readonly #build: BuildFacets
  readonly #count: number
  #offset: number
  #frozenClock: number | undefined
  #databases: readonly Facets[]
  #log: Logged[] = []
  #down = false
  #listening = new Map<string, { readonly pushes: Set<(push: LeasePush) => void>; stop: () => void }>()
  /** Those who listen on a server that was demoted, and passes on what is replicated to it. */
  readonly #overheard = new Map<string, Set<(push: LeasePush) => void>>()
  #hints = new Map<string, Set<OnHint>>()
  #pushesRefused = false
  #replaying = false
  readonly #everListened: (() => void)[] = []
  /** Told of everything that is executed. */
  observer: ServerObserver = { executed: () => undefined }
  /** Until when new subscriptions lead to the server that was demoted. */
  staleUntil: number = -Infinity
  /** Until when it executes nothing, as a frozen process: what arrives meanwhile is executed then. */
  frozenUntil: number = -Infinity

  /** `build` may wrap the facets, to make a storage that breaks the contract. */
  constructor(
    scheduler: Scheduler,
    history: History,
    clock: { readonly rate: number; readonly start: number },
    replica: SimulatedReplica,
    build: BuildFacets,
    databases: number,
  ) {
    this.#scheduler = scheduler
    this.#history = history
    this.#rate = clock.rate
    this.#offset = clock.start
    this.#replica = replica
    this.#build = build
    this.#count = databases
    this.#databases = this.#fresh()
  }

  get down(): boolean {
    return this.#down
  }

  /** Its clock in milliseconds, with fractions. */
  now(): number {
    return this.#frozenClock ?? this.#offset + this.#scheduler.now * this.#rate
  }

  stepClock(ms: number): void {
    this.#offset += ms
  }

  refusePushes(refused: boolean): void {
    this.#pushesRefused = refused
  }

  async execute(command: Command): Promise<unknown> {
    const { facet, op, args, database } = command
    const now = this.now()
    if (facet === 'time') return Math.floor(now)
    if (op === 'countListeners') return this.isListening(String(args[0])) ? 1 : 0
    const run = (facets: Facets): unknown => call(facets, facet, op, args)
    const at = this.#scheduler.now
    this.#log.push({ at, clock: now, run, database, facet, key: keyOf(command), isWrite: !READS.has(op) })
    const reply = await run(this.peek(database))
    this.observer.executed(command, reply, now)
    const durability = durabilityOf(command)
    if (durability === undefined) return reply
    return { ...(reply as object), acknowledged: await this.#replica.confirm(durability) }
  }

  /** What a database holds, unseen by the observer. */
  peek(database = 0): Facets {
    const facets = this.#databases[database]
    if (facets === undefined) throw new RangeError(`there is no database ${database}`)
    return facets
  }

  /** Hints for a key, to be sent over a connection; returns what ends it. */
  subscribe(key: RecordKey, onHint: OnHint): () => void {
    const text = textOf(key)
    let listeners = this.#hints.get(text)
    if (listeners === undefined) {
      const created = new Set<OnHint>()
      listeners = created
      this.#hints.set(text, created)
      for (const { records } of this.#databases) {
        void records.subscribe(key, (written) => {
          if (this.#hints.get(text) === created) for (const listener of created) listener(written)
        })
      }
    }
    const mine = listeners
    mine.add(onHint)
    return () => mine.delete(onHint)
  }

  /** Hints that what is awaited under a key has ended, to be sent over a connection; returns what ends it. */
  subscribeToEnd(database: number, key: string, onEnd: () => void): () => void {
    if (this.#pushesRefused) throw new StorageRefusedError('NOPERM: this user may not subscribe.')
    const facets = this.peek(database)
    let isOpen = true
    const stopped = facets.values.subscribe(key, () => {
      if (isOpen && facets === this.peek(database) && !this.#replaying) onEnd()
    })
    return () => {
      isOpen = false
      void stopped.then((stop) => stop())
    }
  }

  /** Pushes for a process of the first database, to be sent over a connection; returns what ends it. */
  listen(process: string, onPush: (push: LeasePush) => void): () => void {
    if (this.#pushesRefused) throw new StorageRefusedError('NOPERM: this user may not subscribe.')
    let listening = this.#listening.get(process)
    if (listening === undefined) {
      const pushes = new Set<(push: LeasePush) => void>()
      const created = { pushes, stop: this.#listen(process, pushes) }
      listening = created
      this.#listening.set(process, created)
    }
    const { pushes, stop } = listening
    const entry = listening
    pushes.add(onPush)
    return () => {
      if (!pushes.delete(onPush) || pushes.size > 0 || this.#listening.get(process) !== entry) return
      this.#listening.delete(process)
      stop()
    }
  }

  /** Pushes for a process, as a server passes them on that follows this one: here it is not counted. */
  overhear(process: string, onPush: (push: LeasePush) => void): () => void {
    const ears = this.#overheard.get(process) ?? new Set()
    this.#overheard.set(process, ears.add(onPush))
    return () => void ears.delete(onPush)
  }

  isListening(process: string): boolean {
    return this.#listening.has(process)
  }

  get subscriptions(): number {
    const all = [...[...this.#listening.values()].map(({ pushes }) => pushes), ...this.#hints.values()]
    return all.reduce((sum, { size }) => sum + size, 0)
  }

  /** Dies. Returns until when the replica, which is so far behind, has heard of everything. */
  crash(lagMs: number): number {
    this.#down = true
    this.#listening = new Map()
    this.#hints = new Map()
    return this.#replica.heardUntil(lagMs)
  }

  /**
   * Comes back as a replica that has heard nothing since `heardUntil`, with a clock that differs by `skewMs`. Returns
   * how many writes are lost.
   */
  async takeOver(heardUntil: number, skewMs: number): Promise<number> {
    const lost = this.#log.filter(({ at, isWrite }) => isWrite && at > heardUntil).length
    await this.#replay(this.#log.filter(({ at }) => at <= heardUntil))
    // No process is connected to it yet; not even who was before the last failover, if it has not heard of that one.
    for (const end of this.#everListened) end()
    this.stepClock(skewMs)
    this.#down = false
    this.#history.fault('storage', () => `replica takes over, ${lost} writes lost`)
    return lost
  }

  /** Forgets the key that was used first, as when memory is short. */
  async evict(): Promise<void> {
    const victim = this.#log.find(({ key }) => key !== undefined)
    if (victim?.key === undefined) return
    const { key } = victim
    this.#history.fault('storage', () => `evicts ${textOf(key)}`)
    if (victim.facet === 'leases') return await this.#forgetLease(victim)
    const run = async (facets: Facets): Promise<void> => {
      if (typeof key === 'string') return void (await facets.values.remove([key]))
      const { entry } = await facets.records.read(key)
      if (entry !== null) await facets.records.compareAndDelete(key, { rev: entry.rev })
    }
    this.#log.push({ ...victim, at: this.#scheduler.now, clock: this.now(), run, isWrite: true })
    await run(this.peek(victim.database))
  }

  /** Loses the queues of all leases: who waits has lost its place without hearing of it. */
  loseQueues(): void {
    const keys = this.#log.filter(({ facet, key }) => facet === 'leases' && typeof key === 'string')
    for (const key of new Set(keys.map((logged) => logged.key as string))) {
      const run = ({ leases }: Facets): void => (leases as MemoryLeases).loseQueue(key)
      const logged = { at: this.#scheduler.now, clock: this.now(), run, database: 0, isWrite: true } as const
      this.#log.push({ ...logged, facet: 'leases', key })
      run(this.peek())
    }
  }

  /** Keys of leases know nothing of each other: one is forgotten by repeating all that concerns the others. */
  async #forgetLease({ key, database }: Logged): Promise<void> {
    const isOfLeases = (logged: Logged): boolean => logged.facet === 'leases' && logged.database === database
    this.#log = this.#log.filter((logged) => !isOfLeases(logged) || logged.key !== key)
    this.#databases = this.#databases.map((facets, index) =>
      index === database ? { ...facets, leases: this.#freshFacets().leases } : facets,
    )
    await this.#repeat(this.#log.filter(isOfLeases))
  }

  async #replay(log: Logged[]): Promise<void> {
    this.#log = log
    this.#databases = this.#fresh()
    await this.#repeat(log)
  }

  async #repeat(log: readonly Logged[]): Promise<void> {
    this.#replaying = true
    for (const { clock, run, database } of log) {
      this.#frozenClock = clock
      await run(this.peek(database))
    }
    this.#frozenClock = undefined
    // Pushes travel for a turn.
    await Promise.resolve()
    this.#replaying = false
  }

  #listen(process: string, pushes: Set<(push: LeasePush) => void>): () => void {
    let stopped: Promise<() => Promise<void>> | undefined
    const run = (facets: Facets): unknown => {
      stopped = facets.leases.listen(process, (push) => {
        if (facets !== this.peek() || this.#replaying) return
        for (const listener of pushes) listener(push)
      })
      return stopped
    }
    const end = (): unknown => stopped?.then((stop) => stop())
    this.#runLogged(run)
    this.#everListened.push(() => this.#runLogged(end))
    return () => this.#runLogged(end)
  }

  #runLogged(run: (facets: Facets) => unknown): void {
    const at = this.#scheduler.now
    this.#log.push({
      at,
      clock: this.now(),
      run,
      database: 0,
      facet: 'leases',
      key: undefined,
      isWrite: false,
    })
    void run(this.peek())
  }

  #fresh(): Facets[] {
    return Array.from({ length: this.#count }, () => this.#freshFacets())
  }

  #freshFacets(): Facets {
    const now = (): number => this.now()
    const onPush: OnPush = (process, push) => {
      if (this.#replaying) return
      this.observer.pushed?.(process, push)
      for (const listener of this.#overheard.get(process) ?? []) listener(push)
    }
    const sound = {
      records: memoryRecords(() => Math.floor(now() * 1_000)),
      leases: memoryLeases(now, decideLease, onPush),
      values: memoryValues(now),
    }
    return this.#build(sound, now, onPush)
  }
}

function call(
  facets: Facets,
  facet: Exclude<FacetName, 'time'>,
  op: string,
  args: readonly unknown[],
): unknown {
  const of = facet === 'hashes' || facet === 'counters' ? facets.values[facet] : facets[facet]
  const operations = of as unknown as Readonly<Record<string, (...args: readonly unknown[]) => unknown>>
  const operation = operations[op]
  if (operation === undefined) throw new TypeError(`the storage has no ${facet}.${op}`)
  return operation(...args)
}

/** How safe a command wants its write to be before it is answered, if it says so. */
function durabilityOf({ facet, args: [, request] }: Command): Durability | undefined {
  return facet === 'leases'
    ? (request as { readonly durability?: Durability } | undefined)?.durability
    : undefined
}

function keyOf({ facet, op, args: [key] }: Command): Key | undefined {
  if (facet === 'records') return op === 'list' ? undefined : (key as RecordKey)
  return typeof key === 'string' ? key : undefined
}

function textOf(key: Key): string {
  return typeof key === 'string' ? key : `${key.collection}/${key.id}`
}
