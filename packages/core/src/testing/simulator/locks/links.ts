import { instanceOf } from '../../../locks/process-name.ts'
import { type LeasePush, type LeaseRequest, type LeaseStorage, processOf } from '../../../storage/leases.ts'
import type { Storage } from '../../../storage/storage.ts'
import type { SimulatedProcess } from '../simulated-process.ts'
import type { Command } from '../simulated-server.ts'
import type { World } from '../workload.ts'

/** A process that was passed over has found out, and listens where it is counted, after so long with all well. */
const MENDED_WITHIN_MS = 10_000

/** Judges whether processes notice that their subscriptions lead to another server than their commands. */
export class Links {
  readonly #world: World
  /** Who was passed over since the faults stopped. */
  readonly #passed = new Set<string>()
  /** Tokens that had a place in a queue. */
  readonly #placed = new Set<string>()
  /** Tokens that received a push. A waiter that asks then claims the lock, and learns nothing of its place. */
  readonly #handedOver = new Set<string>()
  /** Of those who were passed over, the processes that could see it: a waiter asked, and its place was gone. */
  readonly #told = new Set<string>()
  /** Whose last command asked for a place that is not passed over: it has found out. */
  readonly #uncounted = new Set<string>()
  /** Processes whose subscription was confirmed. Others poll. */
  readonly #stood = new Set<SimulatedProcess>()

  constructor(world: World) {
    this.#world = world
  }

  /** The storage, with a look at who listens. */
  watched(process: SimulatedProcess, storage: Storage): Storage {
    const { leases } = storage
    const listen: LeaseStorage['listen'] = async (name, onPush) => {
      const stop = await leases.listen(name, onPush)
      this.#stood.add(process)
      return stop
    }
    return { ...storage, leases: { ...leases, listen } }
  }

  pushed(process: string, push: LeasePush): void {
    const { scheduler, scenario, totals } = this.#world
    if (push.kind === 'granted') this.#handedOver.add(push.token)
    if (push.kind !== 'passed') return
    totals.count('passed over')
    if (scheduler.now >= scenario.calmFrom) this.#passed.add(process)
  }

  executed({ op, args }: Command, reply: unknown): void {
    if (op !== 'acquire') return
    const { token, uncounted = false } = args[1] as LeaseRequest
    if (uncounted) this.#uncounted.add(processOf(token))
    else this.#uncounted.delete(processOf(token))
    const { outcome, kept } = reply as { readonly outcome: string; readonly kept?: boolean }
    const isHandedOver = this.#handedOver.has(token)
    const isGone = (outcome === 'granted' && !isHandedOver) || (outcome === 'queued' && kept === false)
    if (isGone && this.#placed.has(token) && this.#passed.has(processOf(token)))
      this.#told.add(processOf(token))
    if (outcome !== 'queued') return
    this.#placed.add(token)
    this.#handedOver.delete(token)
  }

  async mustStand(process: SimulatedProcess): Promise<void> {
    const name = [...this.#told].find((one) => instanceOf(one) === process.name)
    if (name === undefined || !this.#stood.has(process)) return
    await process.sleep(MENDED_WITHIN_MS)
    if (!this.#world.server.isListening(name) && !this.#uncounted.has(name))
      this.#world.violated('L4', `${process.name} was passed over, and still no connection listens for it`)
  }
}
