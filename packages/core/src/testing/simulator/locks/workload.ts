import { createLocks } from '../../../holdfast.ts'
import type { Storage } from '../../../storage/storage.ts'
import type { SimulatedProcess } from '../simulated-process.ts'
import type { App, Feature, Observer, Workload, World } from '../workload.ts'
import { Calls } from './calls.ts'
import { Holders } from './holders.ts'
import { Links } from './links.ts'
import { Patience } from './patience.ts'
import { Places } from './places.ts'
import { type Operation, type Profile, drawOperations, drawProfile } from './plan.ts'

/** Locks and semaphores: crowds of waiters, frozen and dead holders, lost pushes, revocations. */
export const locksFeature: Feature = {
  name: 'locks',
  plan(random) {
    const profile = drawProfile(random)
    const processes = random.int(2, 4)
    const calmFrom = random.between(4, 8) * profile.leaseMs
    const operations = drawOperations(random, profile, processes, calmFrom)
    return {
      size: { processes, calmFrom, leaseMs: profile.leaseMs },
      // What waits for replicas does so because of failovers.
      rates: { loseQueues: 0.5, demote: 0.4, moveSlot: 0.2, ...(profile.isReplicated && { failover: 2 }) },
      operations,
      open: (world) => new LocksWorkload(world, profile, operations),
    }
  },
}

class LocksWorkload implements Workload {
  readonly observer: Observer
  readonly #world: World
  readonly #profile: Profile
  readonly #operations: ReadonlyMap<number, Operation>
  readonly #places: Places
  readonly #holders: Holders
  readonly #patience: Patience
  readonly #links: Links

  constructor(world: World, profile: Profile, operations: readonly Operation[]) {
    this.#world = world
    this.#profile = profile
    this.#operations = new Map(operations.map((operation) => [operation.id, operation]))
    const places = new Places(world, profile)
    this.#places = places
    this.#holders = new Holders(world, places)
    this.#patience = new Patience(world, places, profile.claimMs)
    this.#links = new Links(world)
    this.observer = {
      pushed: (process, push) => this.#links.pushed(process, push),
      executed: (command, reply, now) => {
        if (command.facet !== 'leases') return
        places.executed(command, reply, now)
        this.#links.executed(command, reply)
      },
      died: (process) => {
        this.#holders.died(process)
        this.#patience.died(process)
        places.died(process)
      },
      forgot: (why) => this.#holders.forgot(why),
      ended: () => places.mustBeEmpty((token) => this.#holders.isTold(token)),
    }
  }

  start(process: SimulatedProcess, storage: Storage): App {
    const { callTimeoutMs, claimMs } = this.#profile
    const { runtime } = process
    process.onResume(() => this.#holders.resumed(process))
    const locks = createLocks(this.#links.watched(process, storage), {
      prefix: 'sim',
      instance: process.name,
      runtime,
      callTimeoutMs,
      claimMs,
    })
    const someForget = [...this.#operations.values()].some(
      (operation) => 'body' in operation && operation.body.forgetful,
    )
    const scene = {
      world: this.#world,
      places: this.#places,
      holders: this.#holders,
      patience: this.#patience,
      process,
      locks,
      someForget,
    }
    const calls = new Calls(scene, this.#profile)
    const links = this.#links
    return {
      perform: (id) => {
        const operation = this.#operations.get(id)
        if (operation === undefined) throw new TypeError(`there is no operation ${id}`)
        this.#world.history.add(process.index, () => `#${id} ${operation.kind} ${operation.place.name}`)
        return calls.perform(operation)
      },
      async proveAlive() {
        await calls.proveAlive()
        await links.mustStand(process)
      },
      close: (graceMs) => locks.close({ graceMs }),
    }
  }
}
