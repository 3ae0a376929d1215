import { createIdempotency } from '../../../holdfast.ts'
import type { Storage } from '../../../storage/storage.ts'
import type { SimulatedProcess } from '../simulated-process.ts'
import type { App, Feature, Observer, Workload, World } from '../workload.ts'
import { retryOf } from './body-error.ts'
import { Calls } from './calls.ts'
import { Executions } from './executions.ts'
import { Owners } from './owners.ts'
import { type Operation, type Profile, drawOperations, drawProfile } from './plan.ts'
import { Traces } from './traces.ts'
import { Words } from './words.ts'

/** Idempotent executions: crashes and takeovers, duplicates that wait, operators, shutdowns. */
export const idempotencyFeature: Feature = {
  name: 'idempotency',
  plan(random) {
    const profile = drawProfile(random)
    const processes = random.int(2, 4)
    const calmFrom = random.between(4, 8) * profile.leaseMs
    const operations = drawOperations(random, profile, processes, calmFrom)
    // Two apps that know nothing of each other, with the same names.
    const databases = processes > 2 && random.chance(0.25) ? 2 : 1
    return {
      size: { processes, calmFrom, leaseMs: profile.leaseMs },
      operations,
      databases,
      open: (world) => new IdempotencyWorkload(world, profile, operations, databases),
    }
  },
}

class IdempotencyWorkload implements Workload {
  readonly observer: Observer
  readonly #world: World
  readonly #profile: Profile
  readonly #operations: ReadonlyMap<number, Operation>
  readonly #judges: readonly Judges[]
  readonly #traces: Traces

  constructor(world: World, profile: Profile, operations: readonly Operation[], databases: number) {
    this.#world = world
    this.#profile = profile
    this.#traces = new Traces(world)
    this.#operations = new Map(operations.map((operation) => [operation.id, operation]))
    this.#judges = Array.from({ length: databases }, (_, database) => {
      const executions = new Executions(world, profile.callTimeoutMs, database)
      const owners = new Owners(world, executions)
      return { executions, owners, words: new Words(world, executions, owners) }
    })
    this.observer = {
      executed: (command, reply, now) => {
        if (command.facet !== 'records') return
        this.#judges[command.database]?.executions.executed(command, reply, now)
      },
      died: (process) => this.#judgesOf(process).owners.died(process),
      forgot: async () => {
        for (const { executions } of this.#judges) await executions.forgot()
      },
    }
  }

  start(process: SimulatedProcess, storage: Storage): App {
    const { callTimeoutMs, leaseMs } = this.#profile
    const { executions, owners, words } = this.#judgesOf(process)
    process.onResume(() => owners.resumed(process))
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
      classifyError: retryOf,
      traceContext: this.#traces.hooks,
    })
    const scene = { world: this.#world, words, process, idempotency }
    const calls = new Calls(scene, this.#profile, (key) => quietMs(executions, key, this.#profile))
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

  #judgesOf(process: SimulatedProcess): Judges {
    return this.#judges[this.#world.databaseOf(process)] as Judges
  }
}

/** In how many milliseconds what ended last may run again; 0 where nothing stands in the way. */
function quietMs(executions: Executions, key: string, { completedWindowMs }: Profile): number {
  const held = executions.held(key)
  if (held === undefined) return 0
  const { record } = held
  const promisedMs =
    record.status === 'completed'
      ? completedWindowMs
      : record.status === 'failed'
        ? (record.retryAfterMs ?? 0)
        : 0
  return promisedMs === 0 ? 0 : Math.max(0, executions.endOf(held, promisedMs))
}

/** What is seen and said of the executions of one database. */
interface Judges {
  readonly executions: Executions
  readonly owners: Owners
  readonly words: Words
}
