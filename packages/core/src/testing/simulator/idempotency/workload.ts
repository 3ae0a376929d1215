import { createIdempotency } from '../../../holdfast.ts'
import type { Storage } from '../../../storage/storage.ts'
import type { SimulatedProcess } from '../simulated-process.ts'
import type { App, Feature, Observer, Workload, World } from '../workload.ts'
import { Calls } from './calls.ts'
import { Executions } from './executions.ts'
import { Owners } from './owners.ts'
import { type Operation, type Profile, drawOperations, drawProfile } from './plan.ts'
import { Words } from './words.ts'

/** Idempotent executions: crashes and takeovers, duplicates that wait, operators, shutdowns. */
export const idempotencyFeature: Feature = {
  name: 'idempotency',
  plan(random) {
    const profile = drawProfile(random)
    const processes = random.int(2, 4)
    const calmFrom = random.between(4, 8) * profile.leaseMs
    const operations = drawOperations(random, profile, processes, calmFrom)
    return {
      size: { processes, calmFrom, leaseMs: profile.leaseMs },
      operations,
      open: (world) => new IdempotencyWorkload(world, profile, operations),
    }
  },
}

class IdempotencyWorkload implements Workload {
  readonly observer: Observer
  readonly #world: World
  readonly #profile: Profile
  readonly #operations: ReadonlyMap<number, Operation>
  readonly #owners: Owners
  readonly #words: Words

  constructor(world: World, profile: Profile, operations: readonly Operation[]) {
    this.#world = world
    this.#profile = profile
    this.#operations = new Map(operations.map((operation) => [operation.id, operation]))
    const executions = new Executions(world, profile.callTimeoutMs)
    this.#owners = new Owners(world, executions)
    this.#words = new Words(world, executions, this.#owners)
    this.observer = {
      executed: (command, reply, now) => {
        if (command.facet === 'records') executions.executed(command, reply, now)
      },
      died: (process) => this.#owners.died(process),
      forgot: () => executions.forgot(),
    }
  }

  start(process: SimulatedProcess, storage: Storage): App {
    const { callTimeoutMs, leaseMs } = this.#profile
    process.onResume(() => this.#owners.resumed(process))
    const idempotency = createIdempotency(storage, {
      prefix: 'sim',
      instance: process.name,
      runtime: process.runtime,
      callTimeoutMs,
      leaseMs,
      timeoutMs: leaseMs * 6,
      failedRetentionMs: leaseMs * 4,
      completedRetentionMs: leaseMs * 8,
      progressIntervalMs: leaseMs / 10,
    })
    const calls = new Calls({ world: this.#world, words: this.#words, process, idempotency }, this.#profile)
    return {
      perform: (id) => {
        const operation = this.#operations.get(id)
        if (operation === undefined) throw new TypeError(`there is no operation ${id}`)
        this.#world.history.add(process.index, () => `#${id} ${operation.kind} ${operation.key}`)
        return calls.perform(operation)
      },
      proveAlive: () => calls.proveAlive(),
      close: (graceMs) => idempotency.close({ graceMs }),
    }
  }
}
