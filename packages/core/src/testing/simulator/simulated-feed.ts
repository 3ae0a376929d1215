import type { Timer } from '../../support/runtime.ts'
import type { ConnectionState } from '../../storage/storage.ts'
import type {
  FollowOptions,
  Following,
  InvalidationFeed,
  InvalidationListener,
} from '../../storage/invalidations.ts'
import type { History } from './history.ts'
import type { Network } from './network.ts'
import type { Random } from './random.ts'
import type { Scheduler } from './scheduler.ts'
import type { SimulatedProcess } from './simulated-process.ts'
import type { Facets, SimulatedServer } from './simulated-server.ts'

const FIRST_PAUSE_MS = 25
const LONGEST_PAUSE_MS = 1_000

/** What a process's links to the server need of its surroundings. */
export interface FeedWorld {
  readonly scheduler: Scheduler
  readonly process: SimulatedProcess
  readonly server: SimulatedServer
  readonly network: Network
  readonly history: History
  readonly database: number
  readonly random: Random
  /** Of the connection that reads. */
  readonly state: () => ConnectionState
  readonly onState: (listener: (state: ConnectionState) => void) => () => void
}

/** The invalidations as one process hears them: over one link for all who follow, which may be slow, silent or lost. */
export function simulatedFeed(world: FeedWorld): InvalidationFeed {
  const followers = new Set<Follower>()
  let link: SimulatedLink | undefined
  return {
    follow(prefix: string, { maxStaleMs }: FollowOptions, listener: InvalidationListener): Following {
      const follower = { prefix, listener }
      followers.add(follower)
      if (link === undefined) link = new SimulatedLink(world, maxStaleMs, followers)
      else link.join(follower)
      return {
        stop() {
          followers.delete(follower)
          if (followers.size > 0) return
          link?.stop()
          link = undefined
        },
      }
    },
  }
}

interface Follower {
  readonly prefix: string
  readonly listener: InvalidationListener
}

/**
 * One link. What travels on it keeps its order, so what is late delays all that comes after; what is on its way when the link
 * breaks is lost. It is up once a canary has come back, and proves itself with a beat, which counts from when it left.
 */
class SimulatedLink {
  readonly #world: FeedWorld
  readonly #maxStaleMs: number
  readonly #followers: ReadonlySet<Follower>
  readonly #unlisten: () => void
  #attempt = 0
  #pauseMs = FIRST_PAUSE_MS
  #timer: Timer | undefined
  #isUp = false
  #isStopped = false
  #provenAt = -Infinity
  /** Where it is registered, and what ends that. */
  #facets: Facets | undefined
  #following: Following | undefined
  /** When what is sent now arrives at the earliest, in either direction. */
  #freeOut = 0
  #freeIn = 0
  #messages = 0

  constructor(world: FeedWorld, maxStaleMs: number, followers: ReadonlySet<Follower>) {
    this.#world = world
    this.#maxStaleMs = maxStaleMs
    this.#followers = followers
    this.#unlisten = world.onState((state) => {
      if (state === 'down') this.#lose('the data connection is lost')
      else this.#open()
    })
    world.process.deliver(0, () => this.#open())
  }

  /** One more follows a link that may be up: it has kept nothing yet, so all that counts for it has been reported. */
  join(follower: Follower): void {
    this.#world.process.deliver(0, () => {
      if (this.#isUp && this.#followers.has(follower)) follower.listener.up(this.#provenAt)
    })
  }

  stop(): void {
    this.#isStopped = true
    this.#unlisten()
    this.#end()
  }

  #end(): void {
    this.#attempt += 1
    this.#isUp = false
    this.#timer?.cancel()
    this.#following?.stop()
    this.#following = undefined
  }

  #open(): void {
    const { process, server, state } = this.#world
    if (this.#isStopped || process.state === 'dead') return
    this.#end()
    if (state() === 'down') return
    const attempt = this.#attempt
    this.#freeOut = this.#freeIn = 0
    this.#timer = process.runtime.setTimer(this.#maxStaleMs, () => this.#again())
    this.#toServer(attempt, () => {
      const facets = server.peek(this.#world.database)
      this.#facets = facets
      this.#following = facets.values.invalidations?.follow(
        '',
        { maxStaleMs: this.#maxStaleMs },
        { ...SILENT, invalidated: (keys) => this.#tell(attempt, keys) },
      )
      this.#toProcess(attempt, () => this.#prove(attempt))
    })
  }

  /** The canary leaves over the connection that reads, and comes back on the link. */
  #prove(attempt: number): void {
    const { process, network, random, history } = this.#world
    const at = process.runtime.monotonicNow()
    if (network.losesPush(`${process.name}/canary ${(this.#messages += 1)}`, random))
      return history.fault(process.index, () => 'canary lost')
    this.#toServer(attempt, () => this.#toProcess(attempt, () => this.#up(attempt, at)))
  }

  #up(attempt: number, at: number): void {
    this.#isUp = true
    this.#pauseMs = FIRST_PAUSE_MS
    this.#provenAt = at
    this.#world.history.add(this.#world.process.index, () => 'link is up')
    for (const { listener } of this.#followers) listener.up(at)
    this.#beat(attempt)
  }

  #beat(attempt: number): void {
    this.#timer?.cancel()
    const { process } = this.#world
    if (attempt !== this.#attempt) return
    this.#timer = process.runtime.setTimer(this.#maxStaleMs / 3, () => {
      if (attempt !== this.#attempt) return
      const at = process.runtime.monotonicNow()
      if (at - this.#provenAt >= this.#maxStaleMs) return this.#lose('the link is silent')
      this.#toServer(attempt, () =>
        this.#toProcess(attempt, () => {
          this.#provenAt = Math.max(this.#provenAt, at)
          for (const { listener } of this.#followers) listener.proven(at)
        }),
      )
      this.#beat(attempt)
    })
  }

  #tell(attempt: number, keys: readonly string[]): void {
    const { scheduler, server, process } = this.#world
    const sentAt = scheduler.now
    const isWanted = ({ prefix }: Follower): boolean => keys.some((key) => key.startsWith(prefix))
    if (![...this.#followers].some(isWanted)) return
    this.#toProcess(attempt, () => {
      server.observer.heard?.(process, keys, sentAt)
      for (const { prefix, listener } of this.#followers) {
        const own = keys.filter((key) => key.startsWith(prefix))
        if (own.length > 0) listener.invalidated(own)
      }
    })
  }

  #lose(why: string): void {
    const { history, process } = this.#world
    const wasUp = this.#isUp
    this.#end()
    if (wasUp) {
      history.fault(process.index, () => `link is down: ${why}`)
      for (const { listener } of this.#followers) listener.down()
    }
    this.#again()
  }

  #again(): void {
    if (this.#isStopped) return
    this.#end()
    this.#pauseMs = Math.min(this.#pauseMs * 2, LONGEST_PAUSE_MS)
    this.#timer = this.#world.process.runtime.setTimer(this.#pauseMs, () => this.#open())
  }

  #toServer(attempt: number, run: () => void): void {
    const { scheduler, server } = this.#world
    const at = this.#arrival(attempt, this.#freeOut)
    if (at === undefined) return
    this.#freeOut = at
    const arrive = (): void => {
      if (attempt !== this.#attempt || server.down) return
      // A server that took over knows nothing of this link.
      if (this.#following !== undefined && server.peek(this.#world.database) !== this.#facets) return
      if (server.frozenUntil > scheduler.now) return void scheduler.at(server.frozenUntil, arrive)
      run()
    }
    scheduler.at(at, arrive)
  }

  #toProcess(attempt: number, run: () => void): void {
    const { scheduler, process } = this.#world
    const at = this.#arrival(attempt, this.#freeIn)
    if (at === undefined) return
    this.#freeIn = at
    const arrive = (): void => {
      if (attempt === this.#attempt) run()
    }
    scheduler.at(at, arrive, process, 'message')
  }

  /** Undefined: the link breaks, and takes all with it that is on its way. */
  #arrival(attempt: number, free: number): number | undefined {
    const { scheduler, network, random, process } = this.#world
    const fate = network.fateOf(`${process.name}/link ${(this.#messages += 1)}`, random)
    const at = Math.max(free, scheduler.now + network.latency(random))
    if (fate === 'requestLost' && attempt === this.#attempt && random.chance(0.2)) {
      this.#following?.stop()
      process.deliver(network.latency(random), () => {
        if (attempt === this.#attempt) this.#lose('the link is closed')
      })
      return undefined
    }
    return fate === 'requestLate' || fate === 'replyLate' ? at + network.lateness(random) : at
  }
}

const SILENT: InvalidationListener = {
  up() {},
  proven() {},
  invalidated() {},
  everything() {},
  down() {},
  ignored() {},
  refused() {},
}
