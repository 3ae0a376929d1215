import { createCache } from '../../../holdfast.ts'
import type { AddReply } from '../../../storage/counters.ts'
import type { Storage } from '../../../storage/storage.ts'
import type { SimulatedProcess } from '../simulated-process.ts'
import type { App, Feature, Observer, Workload, World } from '../workload.ts'
import { CacheApp, type Judges } from './app.ts'
import { CounterJudge } from './counters.ts'
import { eachKey } from './each-key.ts'
import { Judge } from './judge.ts'
import { KeysObserver } from './keys-observer.ts'
import { Loads } from './loads.ts'
import { type CachePlan, drawNearPlan, drawPlan } from './plan.ts'
import { Prover } from './prover.ts'
import { Wire } from './wire.ts'

/** What is asked for once all is well lives for so long at most. */
const LONGEST_PROOF_MS = 120_000

/** A cache before a source that changes: callers who load, and everything that ends a value. */
export const cacheFeature: Feature = featureOf('cache', drawPlan, { mostProcesses: 4, longestMs: 12_000 })

/** The same where every process keeps what it reads, and hears of changes over links that fail: shorter, for links have a beat. */
export const nearFeature: Feature = featureOf('near', drawNearPlan, { mostProcesses: 3, longestMs: 6_000 })

interface Size {
  readonly mostProcesses: number
  readonly longestMs: number
}

function featureOf(name: string, draw: typeof drawPlan, { mostProcesses, longestMs }: Size): Feature {
  return {
    name,
    plan(random) {
      const processes = random.int(2, mostProcesses)
      const calmFrom = random.between(2_000, longestMs)
      const plan = draw(random, processes, calmFrom)
      return {
        // What stops and delays are measured by: some outlast the guard of a load, and the pauses of the breaker.
        size: { processes, calmFrom, leaseMs: random.pick([1_000, 1_000, 3_000]) },
        rates: { freeze: 0.3 },
        // Reads share a command, and what follows from their replies may read again.
        ticks: 3,
        operations: plan.operations,
        open: (world) => new CacheWorkload(world, plan),
      }
    },
  }
}

class CacheWorkload implements Workload {
  readonly observer: Observer
  readonly #world: World
  readonly #plan: CachePlan
  readonly #judges: Judges

  constructor(world: World, plan: CachePlan) {
    this.#world = world
    this.#plan = plan
    const values = new Judge(world, plan.lives, plan.near)
    const loads = new Loads(world, values)
    const counters = new CounterJudge(world)
    const { ttlMs, staleMs, hardTimeoutMs } = plan.lives
    const keys = new KeysObserver(world, values, Math.max(LONGEST_PROOF_MS, ttlMs + staleMs), hardTimeoutMs)
    this.#judges = { values, loads, counters, keys, prover: new Prover(world) }
    this.observer = {
      executed(command, reply) {
        for (const [each, answer] of eachKey(command, reply)) {
          keys.executed(each, answer)
          values.executed(each, answer)
          loads.executed(each, answer)
        }
        if (command.facet === 'counters' && counters.executed(command, reply as AddReply))
          keys.inTime(command)
      },
      heard: (process, changed, sentAt) => values.heard(process, changed, sentAt),
      died: (process) => loads.died(process),
      forgot: async (why) => {
        if (why === 'eviction') values.evicted()
        else values.forget()
        counters.forget()
      },
    }
  }

  start(process: SimulatedProcess, storage: Storage): App {
    const wire = new Wire(this.#world.scheduler, storage)
    const { lives, near = false } = this.#plan
    const cache = createCache(wire.storage, { prefix: 'sim', runtime: process.runtime, ...lives, near })
    return new CacheApp(this.#world, this.#plan, process, wire, cache, this.#judges)
  }
}
